import { createPrivateKey, X509Certificate } from "node:crypto";
import { FileLimitExceeded, readSmallFile } from "@loopgate/async";
import { type Authenticator, credsAuthenticator } from "@nats-io/transport-node";
import { NatsStartupError } from "../../startup-error.ts";
import type { NatsAccess } from "./bus-options.ts";
import { loginOf, parseServers } from "./server-addresses.ts";

/** What one reading of the settings and files yields. */
interface Access {
  readonly urls: readonly URL[];
  /** Of the addresses. */
  readonly login: Authenticator;
  /** Of the credentials file. */
  readonly credentials: Authenticator;
  readonly tls: TlsFiles;
}

interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * How to log in, from files that may change while the process runs: passwords and certificates are rotated. The client
 * asks for them at each connect and can't wait then, so they are read again before.
 */
export class AccessFiles {
  readonly #access: NatsAccess;
  #current: Access;
  #renewing: Promise<void> | undefined;

  private constructor(access: NatsAccess, current: Access) {
    this.#access = access;
    this.#current = current;
  }

  /** @throws NatsStartupError for an address or a file that can't be used. Its message contains no secret. */
  static async read(access: NatsAccess): Promise<AccessFiles> {
    return new AccessFiles(access, await readAccess(access, access.servers));
  }

  get urls(): readonly URL[] {
    return this.#current.urls;
  }

  readonly authenticators: Authenticator[] = [
    (nonce) => this.#current.login(nonce),
    (nonce) => this.#current.credentials(nonce),
  ];

  /** For the client, which reads the members at each connect; undefined without TLS. */
  get tls(): TlsFiles | undefined {
    const { caFile, certFile } = this.#access;
    const isTls = this.urls.some(({ protocol }) => protocol === "tls:");
    if (!isTls && caFile === undefined && certFile === undefined) return undefined;
    const files = () => this.#current.tls;
    const names = ["ca", "cert", "key"] as const;
    const present = names.filter((name) => files()[name] !== undefined);
    const members = present.map((name) => [name, { enumerable: true, get: () => files()[name] }] as const);
    return Object.defineProperties({}, Object.fromEntries(members));
  }

  /** Reads the files again. While one can't be used, for example in the middle of a change, the last ones stay in use. */
  renew(): Promise<void> {
    this.#renewing ??= readAccess(this.#access)
      .then(
        (read) => void (this.#current = read),
        () => undefined,
      )
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }
}

/** @param fallback the addresses if their file can't be read: a pipe can be read only once */
async function readAccess(access: NatsAccess, fallback?: NatsAccess["servers"]): Promise<Access> {
  const { servers, urlFile, credsFile, caFile, certFile, keyFile } = access;
  const urls = parseServers(urlFile === undefined ? servers : await addressesIn(urlFile, fallback));
  const credentials = credsFile === undefined ? () => undefined : await credentialsIn(credsFile);
  const [ca, cert, key] = await Promise.all([
    caFile === undefined ? undefined : certificateIn("NATS_CA_FILE", caFile),
    certFile === undefined ? undefined : certificateIn("NATS_CERT_FILE", certFile),
    keyFile === undefined ? undefined : privateKeyIn(keyFile),
  ]);
  return {
    urls,
    login: loginOf(urls),
    credentials,
    tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
  };
}

async function addressesIn(
  file: string,
  fallback: NatsAccess["servers"] | undefined,
): Promise<NatsAccess["servers"]> {
  try {
    return listIn(await read("NATS_URL_FILE", file));
  } catch (error) {
    if (fallback === undefined) throw error;
    return fallback;
  }
}

const listIn = (text: string): readonly string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

async function credentialsIn(file: string): Promise<Authenticator> {
  const credentials = credsAuthenticator(Buffer.from(await read("NATS_CREDS_FILE", file)));
  try {
    credentials("a server's nonce");
  } catch {
    throw new NatsStartupError("NATS_CREDS_FILE holds no NATS credentials: it must have a JWT and a seed");
  }
  return credentials;
}

async function certificateIn(setting: string, file: string): Promise<string> {
  const pem = await read(setting, file);
  try {
    return new X509Certificate(pem).raw.length > 0 ? pem : "";
  } catch {
    throw new NatsStartupError(`${setting} holds no certificate: it must be in PEM form`);
  }
}

async function privateKeyIn(file: string): Promise<string> {
  const pem = await read("NATS_KEY_FILE", file);
  try {
    createPrivateKey(pem);
    return pem;
  } catch {
    throw new NatsStartupError(
      "NATS_KEY_FILE holds no private key: it must be in PEM form, without a passphrase",
    );
  }
}

async function read(setting: string, file: string): Promise<string> {
  try {
    return (await readSmallFile(file)).toString();
  } catch (cause) {
    const why = cause instanceof FileLimitExceeded ? ` (it ${cause.message})` : "";
    throw new NatsStartupError(`${setting} can't be read${why}: check the path ${file} and its permissions`, {
      cause,
    });
  }
}
