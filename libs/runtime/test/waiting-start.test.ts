import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("service-processes/waiting-service.ts", import.meta.url));

let folder: string;
let child: ChildProcess;
let base: string;
let log: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopgate-waiting-"));
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

const server = () => join(folder, "server");

async function start(what: string): Promise<void> {
  const [port = 0] = await freePorts(1);
  base = `http://127.0.0.1:${port}`;
  log = "";
  child = spawn(process.execPath, [script, String(port), server(), what], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()));
}

async function get(path: string) {
  const response = await fetch(`${base}${path}`).catch(() => undefined);
  return response && { status: response.status, body: await response.text() };
}

const timesLogged = (message: string): number => log.split(message).length - 1;

async function ended(): Promise<number | null> {
  if (child.exitCode === null) await once(child, "close");
  return child.exitCode;
}

describe("a service whose server is away", () => {
  it("lives, is not ready, names what it waits for, and goes on when the server is there", async () => {
    await start("away");
    await expect.poll(async () => (await get("/readyz"))?.body).toContain("waits: no server answers at");
    expect((await get("/readyz"))?.status).toBe(503);
    expect((await get("/readyz"))?.body).not.toContain("canary");
    expect((await get("/healthz"))?.status).toBe(200);
    expect(await get("/mcp")).toMatchObject({ status: 503, body: expect.stringContaining("is starting") });
    await expect.poll(() => timesLogged("part closed")).toBeGreaterThan(2);
    expect(timesLogged("the start waits")).toBe(1);

    await writeFile(server(), "");
    await expect.poll(async () => (await get("/readyz"))?.status).toBe(200);
    expect(timesLogged('"ready"')).toBe(1);
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(log).not.toContain("canary");
  });

  it("exits with 0 when it is told to stop meanwhile", async () => {
    await start("away");
    await expect.poll(() => timesLogged("the start waits")).toBe(1);
    child.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(log).toContain('"stopped"');
  });
});

describe("a service whose login is refused", () => {
  it("goes on if that passes", async () => {
    await start("refused");
    await expect.poll(async () => (await get("/readyz"))?.body).toContain("refuses");
    await writeFile(server(), "");
    await expect.poll(async () => (await get("/readyz"))?.status).toBe(200);
  });

  it("ends with the reason once its patience is over, at the start and later", async () => {
    await start("refused");
    expect(await ended()).toBe(1);
    expect(log).toContain("loopgate: the server refuses nats://<credentials>@host: check the user");
    expect(timesLogged("part closed")).toBeGreaterThan(2);

    await start("later");
    expect(await ended()).toBe(1);
    expect(log).toContain("loopgate: the server refuses the user: check it");
    expect(timesLogged("part closed")).toBe(1);
  });
});

it("a service with wrong settings ends at once", async () => {
  await start("wrong");
  expect(await ended()).toBe(1);
  expect(log).toContain("loopgate: the server is too old: upgrade it");
  expect(timesLogged("part closed")).toBe(1);
});
