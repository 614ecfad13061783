import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Authenticator, credsAuthenticator, type NodeConnectionOptions } from "@nats-io/transport-node";
import { NatsStartupError } from "../../startup-error.ts";
import type { NatsAccess } from "./bus-options.ts";

type Access = Required<Pick<NodeConnectionOptions, "servers">> & NodeConnectionOptions;

/**
 * Translates servers, login and TLS for the client. Reads the files now, so that a bad file fails the start.
 * @throws NatsStartupError for an address or a file that can't be used. Its message contains no secret.
 */
export function connectionOptions({ servers, credsFile, caFile }: NatsAccess): Access {
  const urls = [servers].flat().map(parseServer);
  return {
    servers: urls.map(({ host }) => host),
    ...loginOf(urls),
    ...(credsFile === undefined ? {} : { authenticator: credentials(credsFile) }),
    ...tlsOf(urls, caFile),
  };
}

function parseServer(server: string): URL {
  const url = URL.parse(server.includes("://") ? server : `nats://${server}`);
  if (url !== null && url.host !== "" && ["nats:", "tls:"].includes(url.protocol)) return url;
  throw new NatsStartupError(
    "NATS_URL is not an address such as nats://host:4222 or tls://host:4222: separate several addresses with " +
      "commas, and percent-encode special characters in a password",
  );
}

/** The first user in the addresses applies to all servers; a user without a password is a token. */
function loginOf(urls: readonly URL[]): NodeConnectionOptions {
  const url = urls.find(({ username }) => username !== "");
  if (url === undefined) return {};
  const user = decodeURIComponent(url.username);
  return url.password === "" ? { token: user } : { user, pass: decodeURIComponent(url.password) };
}

function tlsOf(urls: readonly URL[], caFile: string | undefined): NodeConnectionOptions {
  if (caFile !== undefined) {
    if (!isCertificate(readOrRefuse("NATS_CA_FILE", caFile))) {
      throw new NatsStartupError("NATS_CA_FILE holds no certificate: it must be in PEM form");
    }
    return { tls: { caFile } };
  }
  return urls.some(({ protocol }) => protocol === "tls:") ? { tls: {} } : {};
}

function isCertificate(pem: Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Reads the file again at each connect, because credentials expire. If that fails, the last ones stay in use. */
function credentials(file: string): Authenticator {
  let current = credsAuthenticator(readOrRefuse("NATS_CREDS_FILE", file));
  try {
    current("a server's nonce");
  } catch {
    throw new NatsStartupError("NATS_CREDS_FILE holds no NATS credentials: it must have a JWT and a seed");
  }
  return (nonce) => {
    try {
      const renewed = credsAuthenticator(readFileSync(file));
      const login = renewed(nonce);
      current = renewed;
      return login;
    } catch {
      return current(nonce);
    }
  };
}

function readOrRefuse(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new NatsStartupError(`${setting} can't be read: check the path ${file} and its permissions`, {
      cause,
    });
  }
}
