import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createAccount>;

const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, wildcards: true };
const withStorage = { ...unlimited, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Writes the configuration of a server with JWT users, and the credentials of its only user, to `folder`. */
export async function jwtServerFiles(folder: string) {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const known = (key: KeyPair, limits: object) =>
    `${key.getPublicKey()}: ${jwt(operator, key, { type: "account", limits })}`;
  const configFile = join(folder, "jwt.conf");
  const configuration = `
    operator: ${jwt(operator, operator, { type: "operator" })}
    system_account: ${system.getPublicKey()}
    resolver: MEMORY
    resolver_preload: {
      ${known(system, unlimited)}
      ${known(account, withStorage)}
    }`;
  await writeFile(configFile, configuration);
  const credsFile = join(folder, "user.creds");
  /** Replaces the credentials by those of another user. */
  const renew = async (expiresInSeconds?: number) => {
    const user = nkeys.createUser();
    const token = jwt(account, user, { type: "user", ...unlimited }, expiresInSeconds);
    await writeFile(credsFile, credentials(token, user));
  };
  await renew();
  return { configFile, credsFile, renew };
}

const credentials = (token: string, user: KeyPair): string => `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(user.getSeed())}
------END USER NKEY SEED------
`;

function jwt(issuer: KeyPair, subject: KeyPair, claims: object, expiresInSeconds?: number): string {
  const exp = expiresInSeconds === undefined ? {} : { exp: Math.ceil(Date.now() / 1_000) + expiresInSeconds };
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const body = [
    { typ: "JWT", alg: "ed25519-nkey" },
    { jti: sub, iat: 1_700_000_000, iss, sub, name: "test", ...exp, nats: { version: 2, ...claims } },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${body}.${Buffer.from(issuer.sign(new TextEncoder().encode(body))).toString("base64url")}`;
}
