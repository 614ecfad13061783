import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartupError, Unavailable } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import { certificateFiles, freePorts, HostileInputs } from "@loopgate/testing";
import { afterAll, expect, it } from "vitest";
import { mongoUriOf, natsOptionsOf } from "../src/distributed-settings.ts";
import { readSettings } from "../src/index.ts";

const SEED = 20_261_201;
/** Stands in every valid file: found in a message, a secret leaked. */
const canary = "canary_of_the_tests_0123456789";
const folder = await mkdtemp(join(tmpdir(), "loopgate-hostile-files-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "file");

const entry = {
  id: "ci",
  hash: `sha256:${"0123456789abcdef".repeat(4)}`,
  scopes: ["request"],
  expires_at: "2030-01-31T00:00:00Z",
};

/** Valid contents of each file, and how its setting is read. */
const files: readonly (readonly [content: string, read: () => Promise<unknown>])[] = [
  [`4200000001:${canary}`, () => readSettings({ TELEGRAM_BOT_TOKEN_FILE: path })],
  [
    canary,
    () =>
      readSettings({ TELEGRAM_WEBHOOK_URL: "https://gate.example/x", TELEGRAM_WEBHOOK_SECRET_FILE: path }),
  ],
  [
    JSON.stringify([entry, { ...entry, id: canary, hash: entry.hash.replace("0", "1") }]),
    () => readSettings({ LOOPGATE_API_KEYS_FILE: path }),
  ],
  [`nats://user:${canary}@localhost:4222,nats://other:4222`, () => natsOptionsOf({ NATS_URL_FILE: path })],
  [
    `mongodb://user:${canary}@localhost:27017/loopgate?authSource=admin`,
    () => mongoUriOf({ MONGODB_URI_FILE: path }),
  ],
];

/** What an operator is told of a file; undefined if it is taken. @throws any other error */
const problemWith = (read: () => Promise<unknown>): Promise<string | undefined> =>
  read().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StartupError || error instanceof Unavailable) return error.message;
      throw error;
    },
  );

it("800 hostile files of secrets and keys are taken or named, and never quoted", async () => {
  const hostile = new HostileInputs(SEED);
  let taken = 0;
  for (let count = 0; count < 800; count++) {
    const [content, read] = hostile.pick(files);
    await writeFile(path, hostile.bytesOf(content));
    const problem = await problemWith(read);
    if (problem === undefined) taken += 1;
    expect(problem ?? "").not.toContain("canary_of");
  }
  expect(taken).toBeGreaterThan(20);
  expect(taken).toBeLessThan(780);
});

it("200 hostile files of credentials and certificates are taken or named, and never quoted", async () => {
  const hostile = new HostileInputs(SEED + 1);
  const [port = 0] = await freePorts(1);
  const own = await certificateFiles(folder, "localhost");
  const creds = `-----BEGIN NATS USER JWT-----\n${canary}\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\nSU${canary}\n------END USER NKEY SEED------\n`;
  const server = `127.0.0.1:${port}`;
  const ways = [
    [creds, { credsFile: path }],
    [readFileSync(own.certificate, "utf8"), { caFile: path }],
    [readFileSync(own.key, "utf8"), { certFile: own.certificate, keyFile: path }],
  ] as const;
  const common = { servers: `nats://${server}`, name: "hostile", retentionMs: 86_400_000, giveUpAfterMs: 1 };
  for (let count = 0; count < 200; count++) {
    const [content, files] = hostile.pick(ways);
    await writeFile(path, hostile.bytesOf(content));
    const problem = await problemWith(() => connectNatsBus({ ...common, ...files }));
    expect(problem).toMatch(/^(?!.*canary_of).*NATS/s);
  }
});
