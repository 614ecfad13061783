import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateFiles, haveOwnEngines, type NatsServer, startSpecialNatsServer } from "@loopgate/testing";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { LoginRefused } from "../src/index.ts";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../src/nats/index.ts";

import { jwtServerFiles } from "./access/jwt-server.ts";
import { anEvent, aRequest, copySubject } from "./contract/support/events.ts";
import { anObserver, type Recording } from "./contract/support/observer.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

const folder = await mkdtemp(join(tmpdir(), "loopgate-rotation-"));
afterAll(() => rm(folder, { recursive: true }));
const hasServer = await haveOwnEngines();

const configFile = join(folder, "users.conf");
const urlFile = join(folder, "url");
const writeUser = (user: string, password: string) =>
  writeFile(configFile, `authorization { users: [{ user: ${user}, password: ${password} }] }`);

let server: NatsServer;
let observer: Recording;
let parts: AsyncDisposableStack;
beforeEach(() => {
  observer = anObserver();
  parts = new AsyncDisposableStack();
  return () => parts.disposeAsync();
});

async function startServer(file = configFile): Promise<NatsServer> {
  const started = await startSpecialNatsServer({ configFile: file });
  if (started === undefined) throw new Error("the server that was there a moment ago is gone");
  return parts.use(started);
}

const writeUrl = (user: string, password: string) =>
  writeFile(urlFile, `${server.url.replace("//", `//${user}:${password}@`)}\n`);

async function openBus(options: Partial<NatsBusOptions> = { urlFile }): Promise<NatsBus> {
  const all = { ...busOptions, retentionMs: 86_400_000, servers: server.url, name: "rotation", observer };
  return parts.use(await connectNatsBus({ ...all, giveUpAfterMs: 300, ...options }));
}

const stateOf = (bus: NatsBus) =>
  bus.check().then(
    () => "ready",
    (error: Error) => error.message,
  );

async function append(bus: NatsBus): Promise<string> {
  const ref = aRequest();
  return (await bus.log.append(copySubject(ref, 1), anEvent(ref))).kind;
}

describe.skipIf(!hasServer)("a rotated password", () => {
  beforeEach(async () => {
    await writeUser("loopgate", "old");
    server = await startServer();
    await writeUrl("loopgate", "old");
  });

  it("that the server knows before the file does is refused, named at once, and then used", async () => {
    const bus = await openBus();
    await writeUser("loopgate", "new");
    await server.restart();
    await expect.poll(() => stateOf(bus), eventually).toContain("NATS refuses the credentials: check");
    expect(observer.disconnects.filter((reason) => reason.includes("refuses"))).toHaveLength(1);
    expect(observer.disconnects.join("")).not.toMatch(/old|new/);

    await writeUrl("loopgate", "new");
    await expect.poll(() => stateOf(bus), eventually).toBe("ready");
    expect(await append(bus)).toBe("stored");
    expect(observer.reconnects).toBe(1);
  });

  it("that the file has before the server does is used when the server restarts", async () => {
    const bus = await openBus();
    await writeUrl("loopgate", "new");
    await writeUser("loopgate", "new");
    await server.restart();
    await expect.poll(() => observer.reconnects, eventually).toBe(1);
    expect(await stateOf(bus)).toBe("ready");
    expect(await append(bus)).toBe("stored");
    expect(observer.disconnects).toHaveLength(1);
  });

  it("goes with a user of another name, too", async () => {
    const bus = await openBus();
    await writeUser("other", "p%40ss");
    await server.restart();
    await expect.poll(() => stateOf(bus), eventually).toContain("refuses");
    await writeUrl("other", "p%2540ss");
    await expect.poll(() => stateOf(bus), eventually).toBe("ready");
  });

  it("that never arrives in the file ends the process after a minute, not sooner", async () => {
    const { promise: refused, resolve } = Promise.withResolvers<LoginRefused>();
    const patient = { urlFile, onLoginRefused: resolve, loginPatienceMs: 3_000 };
    const bus = await openBus(patient);
    await writeUser("loopgate", "new");
    await server.restart();
    await expect.poll(() => stateOf(bus), eventually).toContain("refuses");
    const since = performance.now();
    expect((await refused).message).toContain("NATS refuses the credentials");
    expect(performance.now() - since).toBeGreaterThan(1_500);
  });

  it("is read anew by each start", async () => {
    await writeUrl("loopgate", "wrong");
    await expect(openBus()).rejects.toThrow("NATS refuses the credentials");
    await writeUrl("loopgate", "old");
    expect(await stateOf(await openBus())).toBe("ready");
  });

  it("in a file that is broken for a moment does not end the connection", async () => {
    const bus = await openBus();
    await writeFile(urlFile, "nats://");
    await server.restart();
    await expect.poll(() => observer.reconnects, eventually).toBe(1);
    expect(await stateOf(bus)).toBe("ready");
  });
});

describe.skipIf(!hasServer)("an outage that is no refusal", () => {
  it("is logged once with its reason, and again when the reason changes", async () => {
    await writeUser("loopgate", "old");
    server = await startServer();
    await writeUrl("loopgate", "old");
    const bus = await openBus();
    await server.kill();
    await expect
      .poll(() => stateOf(bus), eventually)
      .toMatch(/no NATS server answers at .*connection refused/);
    await writeUser("loopgate", "new");
    await server.restart();
    await expect.poll(() => stateOf(bus), eventually).toContain("refuses");
    expect(observer.disconnects).toEqual([
      expect.stringContaining("connection refused"),
      expect.stringContaining("refuses the credentials"),
    ]);
  });
});

describe.skipIf(!hasServer)("rotated files", () => {
  it("with credentials that expire are read again before they are used", async () => {
    const files = await jwtServerFiles(folder);
    server = await startServer(files.configFile);
    await files.renew(3);
    const bus = await openBus({ credsFile: files.credsFile });
    await expect.poll(() => observer.disconnects.length, eventually).toBeGreaterThan(0);
    await files.renew();
    await expect.poll(() => stateOf(bus), eventually).toBe("ready");
    expect(await append(bus)).toBe("stored");
  });

  it("with certificates of the server's authority and of the client are, too", async () => {
    const [old, renewed] = [await certificateFiles(folder, "localhost"), join(folder, "renewed.conf")];
    const tls = (files: typeof old) =>
      `tls { cert_file: "${files.certificate}", key_file: "${files.key}", ca_file: "${files.certificate}", verify: true }`;
    const own = {
      caFile: join(folder, "own-ca.pem"),
      certFile: join(folder, "own.pem"),
      keyFile: join(folder, "own.key"),
    };
    const give = async ({ certificate, key }: typeof old) => {
      await copyFile(certificate, own.caFile);
      await copyFile(certificate, own.certFile);
      await copyFile(key, own.keyFile);
    };
    await give(old);
    await writeFile(renewed, tls(old));
    server = await startServer(renewed);
    const servers = server.url.replace("127.0.0.1", "localhost");
    const bus = await openBus({ ...own, servers });

    const next = await certificateFiles(folder, "localhost");
    await writeFile(renewed, tls(next));
    await server.restart();
    await expect.poll(() => stateOf(bus), eventually).toMatch(/^TLS with NATS at .* fails/);
    await give(next);
    await expect.poll(() => stateOf(bus), eventually).toBe("ready");
  });
});
