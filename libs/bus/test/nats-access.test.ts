import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestPrefix } from "@loopgate/contracts";
import { certificateFiles, startOldNatsServer, startSpecialNatsServer } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LoginRefused, NatsStartupError, Unavailable } from "../src/index.ts";
import { connectNatsBus, type NatsAccess } from "../src/nats/index.ts";

import { jwtServerFiles } from "./access/jwt-server.ts";
import { appendCopies, aRequest } from "./contract/support/events.ts";
import { busOptions } from "./contract/support/bus-under-test.ts";

const folder = await mkdtemp(join(tmpdir(), "loopgate-access-"));
const running = new AsyncDisposableStack();
afterAll(async () => {
  await running.disposeAsync();
  await rm(folder, { recursive: true });
});

/** A server with this configuration, for the tests of this file. */
async function serverWith(name: string, configuration: string, jetStream = true) {
  const configFile = join(folder, `${name}.conf`);
  await writeFile(configFile, configuration);
  const server = await startSpecialNatsServer({ configFile, jetStream });
  return server === undefined ? undefined : running.use(server);
}

const connecting = (access: Omit<NatsAccess, "name">) =>
  connectNatsBus({ ...busOptions, retentionMs: 86_400_000, giveUpAfterMs: 300, name: "access", ...access });

/** The error of a failed start. */
async function refusalOf(access: Omit<NatsAccess, "name">): Promise<Error> {
  const error: unknown = await connecting(access).then(
    async (bus) => bus[Symbol.asyncDispose](),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("the start was not refused");
  return error;
}

const works = async (access: Omit<NatsAccess, "name">) => {
  await using bus = await connecting(access);
  await bus.check();
};

const users = await serverWith(
  "users",
  `max_subscriptions: 50
  accounts {
    A { jetstream: enabled, users: [{ user: loopgate, password: "s3cr#t/%" }, { user: token, password: x }] }
    B { users: [{ user: poor, password: "s3cr#t/%" }] }
  }`,
);

const login = `loopgate:${encodeURIComponent("s3cr#t/%")}`;

/** The address of the server with users, including a login. */
const as = (login: string) => (users?.url ?? "").replace("nats://", `nats://${login}@`);

describe.skipIf(users === undefined)("a login", () => {
  it("is taken from the address, also with special characters and beside an unreachable server", async () => {
    await expect(works({ servers: as(login) })).resolves.toBeUndefined();
    await expect(
      works({
        servers: ["nats://127.0.0.1:1", as(login)],
      }),
    ).resolves.toBeUndefined();
  });

  it("that the server refuses is reported without its secret", async () => {
    for (const servers of [as("loopgate:wr0ng"), as("wr0ng"), users?.url ?? ""]) {
      const error = await refusalOf({ servers });
      expect(error).toBeInstanceOf(LoginRefused);
      expect(error.message).toContain(
        "NATS refuses the credentials: check NATS_CREDS_FILE or the user in NATS_URL",
      );
      expect(inspected(error)).not.toContain("wr0ng");
    }
  });

  it("in an invalid address is rejected without showing it", async () => {
    for (const servers of ["nats://loopgate:s3cr#t@host", "http://loopgate:s3cr%23t@host", "nats://"]) {
      const error = await refusalOf({ servers });
      expect(error).toBeInstanceOf(NatsStartupError);
      expect(error.message).toContain("NATS_URL is not an address");
      expect(inspected(error)).not.toContain("s3cr");
    }
  });

  it("to an account without JetStream is rejected with that reason", async () => {
    const error = await refusalOf({ servers: as(`poor:${encodeURIComponent("s3cr#t/%")}`) });
    expect(error.message).toContain("JetStream is not enabled for this account");
  });
});

describe.skipIf(users === undefined)("a connection", () => {
  it("leaks no subscription per read", async () => {
    await using bus = await connecting({ servers: as(login) });
    const ref = aRequest();
    await appendCopies(bus.log, ref, 3);
    for (let read = 0; read < 100; read += 1) {
      expect(await bus.log.below(requestPrefix(ref))).toHaveLength(3);
    }
  });
});

describe("a file with credentials", async () => {
  const { configFile, credsFile } = await jwtServerFiles(folder);
  const server = await startSpecialNatsServer({ configFile });
  if (server !== undefined) running.use(server);
  const servers = server?.url ?? "";

  it.skipIf(server === undefined)("is accepted by the server", async () => {
    await expect(works({ servers, credsFile })).resolves.toBeUndefined();
    expect((await refusalOf({ servers })).message).toContain("NATS refuses the credentials");
  });

  it("is named if it is missing or holds no credentials", async () => {
    const missing = await refusalOf({ servers, credsFile: join(folder, "none.creds") });
    expect(missing.message).toContain("NATS_CREDS_FILE can't be read");
    const rubbish = join(folder, "rubbish.creds");
    await writeFile(rubbish, "s3cr3t");
    const error = await refusalOf({ servers, credsFile: rubbish });
    expect(error).toBeInstanceOf(NatsStartupError);
    expect(error.message).toContain("NATS_CREDS_FILE holds no NATS credentials");
    expect(inspected(error)).not.toContain("s3cr3t");
  });
});

describe("TLS", () => {
  let certificates: Awaited<ReturnType<typeof certificateFiles>>;
  let port: string;
  beforeAll(async () => {
    certificates = await certificateFiles(folder, "localhost");
    port = await tlsPort("localhost", certificates);
  });

  async function tlsPort(name: string, { certificate, key }: typeof certificates): Promise<string> {
    const server = await serverWith(name, `tls { cert_file: "${certificate}", key_file: "${key}" }`);
    return new URL(server?.url ?? "nats://localhost:1").port;
  }

  it.skipIf(users === undefined)("accepts the operator's certificate authority", async () => {
    await expect(
      works({ servers: `nats://localhost:${port}`, caFile: certificates.certificate }),
    ).resolves.toBeUndefined();
    await expect(
      works({ servers: `tls://localhost:${port}`, caFile: certificates.certificate }),
    ).resolves.toBeUndefined();
  });

  it.skipIf(users === undefined)(
    "rejects a server with an unknown authority or another host name",
    async () => {
      const other = await certificateFiles(folder, "elsewhere");
      const otherPort = await tlsPort("elsewhere", other);
      for (const access of [
        { servers: `nats://localhost:${port}` },
        { servers: `tls://localhost:${port}` },
        { servers: `nats://localhost:${otherPort}`, caFile: other.certificate },
      ]) {
        const error = await refusalOf(access);
        expect(error).toBeInstanceOf(NatsStartupError);
        expect(error.message).toMatch(/^TLS with NATS at .* fails \(.*NATS_CA_FILE/);
      }
    },
  );

  it.skipIf(users === undefined)("is rejected if the server has none", async () => {
    const servers = as("loopgate:x").replace("nats://", "tls://");
    expect((await refusalOf({ servers })).message).toContain("asks for TLS, and the server has none");
  });

  it.skipIf(users === undefined)("is named if the server wants it first, or verifies clients", async () => {
    const files = `cert_file: "${certificates.certificate}", key_file: "${certificates.key}"`;
    const first = await serverWith("first", `tls { ${files}, handshake_first: true }`);
    const waiting = await refusalOf({ servers: first?.url ?? "" });
    expect(waiting.message).toContain(
      "(the connection ends at once): check NATS_URL and the network; if the",
    );
    expect(waiting.message).toContain("handshake_first, turn it off");

    const verify = `tls { ${files}, ca_file: "${certificates.certificate}", verify: true }`;
    const verifying = await serverWith("verifying", verify);
    const servers = `nats://localhost:${new URL(verifying?.url ?? "nats://localhost:1").port}`;
    const caFile = certificates.certificate;
    const anonymous = await refusalOf({ servers, caFile });
    expect(anonymous.message).toContain("if the server verifies clients, set NATS_CERT_FILE");
    const own = { certFile: certificates.certificate, keyFile: certificates.key };
    await expect(works({ servers, caFile, ...own })).resolves.toBeUndefined();
  });

  it("needs a certificate and a key of the client in their files", async () => {
    const { certificate, key } = certificates;
    const servers = `nats://localhost:${port}`;
    const noKey = await refusalOf({ servers, certFile: certificate, keyFile: certificate });
    expect(noKey.message).toContain("NATS_KEY_FILE holds no private key");
    const noCertificate = await refusalOf({ servers, certFile: key, keyFile: key });
    expect(noCertificate.message).toContain("NATS_CERT_FILE holds no certificate");
    const missing = await refusalOf({ servers, certFile: join(folder, "none"), keyFile: key });
    expect(missing.message).toContain("NATS_CERT_FILE can't be read");
  });

  it("needs a certificate in its file", async () => {
    const servers = `nats://localhost:${port}`;
    const missing = await refusalOf({ servers, caFile: join(folder, "none.pem") });
    expect(missing.message).toContain("NATS_CA_FILE can't be read");
    const error = await refusalOf({ servers, caFile: certificates.key });
    expect(error.message).toContain("NATS_CA_FILE holds no certificate");
  });
});

describe("an address", () => {
  it.each([
    ["a slash", "nats://me:12/s3cr3t@localhost:1"],
    ["a question mark", "nats://me:12?s3cr3t@localhost:1"],
    ["a hash", "nats://me:12#s3cr3t@localhost:1"],
    ["a percent sign", "nats://me:100%s3cr3t@localhost:1"],
  ])("whose password has %s is refused with what to do, without showing it", async (_, servers) => {
    const error = await refusalOf({ servers });
    expect(error).toBeInstanceOf(NatsStartupError);
    expect(error.message).toContain("percent-encode special characters in a password");
    expect(inspected(error)).not.toContain("s3cr3t");
  });

  it("with a host name that does not resolve is named", async () => {
    const error = await refusalOf({ servers: "nats://me:s3cr3t@nowhere.invalid" });
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain("the host name of NATS at nowhere.invalid can't be resolved (ENOTFOUND)");
  });

  it("of a server that speaks another protocol is named", async () => {
    const other = createServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0);
    await once(other, "listening");
    const error = await refusalOf({ servers: `nats://localhost:${(other.address() as AddressInfo).port}` });
    expect(error.message).toContain("(what answers is no NATS): check the port in NATS_URL");
    other.close();
  });
});

describe("a server", () => {
  it("that does not answer is Unavailable, with its address in the message", async () => {
    const error = await refusalOf({ servers: "nats://loopgate:s3cr3t@127.0.0.1:1" });
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain(
      "no NATS server answers at 127.0.0.1:1 (connection refused): check NATS_URL",
    );
    expect(inspected(error)).not.toContain("s3cr3t");
  });

  it("that is too old is rejected with its version", async () => {
    await using old = await startOldNatsServer("2.9.10");
    const error = await refusalOf({ servers: old.url });
    expect(error).toBeInstanceOf(NatsStartupError);
    expect(error.message).toContain("the NATS server is 2.9.10, and timers need 2.12 or newer");
  });

  it.skipIf(users === undefined)("without JetStream is rejected with that reason", async () => {
    const server = await serverWith("plain", "", false);
    expect((await refusalOf({ servers: server?.url ?? "" })).message).toContain(
      "enable it on the NATS server (-js)",
    );
  });
});

/** Everything that a logger could print of an error. */
function inspected(error: Error): string {
  const own = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return error.cause instanceof Error ? own + inspected(error.cause) : own;
}
