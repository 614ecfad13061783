import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import { StartupError } from "@loopgate/bus";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { inspectMongo, MongoRequestStore } from "../src/store/mongo.ts";
import { mongoOfFile } from "./support/mongo.ts";

const server = await mongoOfFile();
const folder = await mkdtemp(join(tmpdir(), "loopgate-mongo-causes-"));
const certificate = join(folder, "certificate.pem");
const key = join(folder, "key.pem");

/** Has a certificate that no authority signed, and no more than TLS of what a database with TLS has. */
let tlsServer: Server;
beforeAll(async () => {
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const whom = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  await promisify(execFile)("openssl", ["req", ...what, ...whom, "-keyout", key, "-out", certificate]);
  tlsServer = createTlsServer({ key: await readFile(key), cert: await readFile(certificate) }).listen(0);
  await once(tlsServer, "listening");
});
afterAll(async () => {
  tlsServer.close();
  await rm(folder, { recursive: true });
});

const overTls = (host: string, options: string) =>
  `mongodb://me:hunter2@${host}:${(tlsServer.address() as AddressInfo).port}/loopgate?${options}`;

/** What readiness says of a store that waits, and the doctor. */
const causes: readonly (readonly [string, () => string, string])[] = [
  [
    "TLS against a server without TLS",
    () => `${server?.newDatabase()}&tls=true`,
    "offers TLS, or remove tls=true",
  ],
  ["no TLS against a server with TLS", () => overTls("localhost", ""), "wants TLS (tls=true"],
  [
    "an unknown authority",
    () => overTls("localhost", "tls=true"),
    "(DEPTH_ZERO_SELF_SIGNED_CERT): set tlsCAFile",
  ],
  [
    "a certificate for another host",
    () => overTls("127.0.0.1", `tls=true&tlsCAFile=${encodeURIComponent(certificate)}`),
    "use the host name of the certificate",
  ],
  [
    "a host name that does not resolve",
    () => "mongodb://nowhere.invalid/loopgate",
    "nowhere.invalid of MONGODB_URI can't",
  ],
  [
    "a service name that does not resolve",
    () => "mongodb+srv://nowhere.invalid/loopgate",
    "can't be resolved",
  ],
  [
    "a port without a listener",
    () => "mongodb://127.0.0.1:1/loopgate",
    "MongoDB is away: see whether it runs",
  ],
];

const mistakes: readonly (readonly [string, () => string, string])[] = [
  ["a missing tlsCAFile", () => overTls("localhost", "tls=true&tlsCAFile=/nowhere/ca.pem"), "tlsCAFile"],
  [
    "a missing client certificate",
    () => overTls("localhost", "tls=true&tlsCertificateKeyFile=/nowhere"),
    "tlsCertificateKeyFile",
  ],
  ...["hun@ter2", "hun/ter2", "hun?ter2", "hun#ter2", "hun:ter2", "100%ter2", "1/ter2"].map(
    (password) =>
      [
        `a password such as ${password}`,
        () => `mongodb://me:${password}@127.0.0.1:1/loopgate`,
        "reserved characters in user and password are percent-encoded",
      ] as const,
  ),
];

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no failure",
    (error: unknown) => error,
  );

describe.skipIf(server?.isOurs !== true)("a cause that does not pass by itself is named:", () => {
  it.each(causes)("%s", async (_, uri, message) => {
    const reasons: string[] = [];
    const options = { onDisconnected: ({ message }: Error) => void reasons.push(message) };
    const store = await MongoRequestStore.open(uri(), options);
    onTestFinished(() => store[Symbol.asyncDispose]());
    expect(await failureOf(store.check())).toMatchObject({ message: expect.stringContaining(message) });
    expect(await failureOf(inspectMongo(uri()))).toMatchObject({ message: expect.stringContaining(message) });
    await expect.poll(() => reasons, { interval: 20 }).toEqual([expect.stringContaining(message)]);
    expect(reasons.join("")).not.toContain("hunter2");
  });

  it.each(mistakes)("%s, which also ends a start", async (_, uri, message) => {
    for (const failure of [
      await failureOf(MongoRequestStore.open(uri())),
      await failureOf(inspectMongo(uri())),
    ]) {
      expect(failure).toBeInstanceOf(StartupError);
      expect(failure).toMatchObject({ message: expect.stringContaining(message) });
      expect(String(failure)).not.toContain("ter2");
    }
  });
});
