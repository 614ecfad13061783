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

/**
 * A real server: the one that `NATS_URL` names (which nobody can kill then), else one started from PATH or from the
 * pinned wheel, with a store of its own.
 * @throws Error in one line that says what to do, when there is none to be had.
 */
export async function startNatsServer(): Promise<NatsServer> {
  const given = process.env["NATS_URL"];
  if (given !== undefined && given !== "") return foreignServer(given);
  const binary = await natsBinary().catch((cause: unknown) => {
    throw new Error(
      "no NATS server for the tests: set NATS_URL, or install nats-server ≥ 2.12, or Python 3 with pip",
      { cause },
    );
  });
  return ownServer(binary);
}

function foreignServer(url: string): NatsServer {
  const refuse = () => Promise.reject(new Error("the server of NATS_URL is not ours to stop"));
  return { url, kill: refuse, restart: refuse, [Symbol.asyncDispose]: async () => undefined };
}

async function ownServer(binary: string): Promise<NatsServer> {
  const store = await mkdtemp(join(tmpdir(), "loopgate-nats-"));
  const port = await freePort();
  const args = ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", store];
  let child = await launch(binary, args);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      child = await launch(binary, args);
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(store, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function launch(binary: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
  let written = "";
  const fail = (why: string) => reject(new Error(`nats-server ${why}:\n${written}`));
  const timer = setTimeout(() => fail("did not become ready"), READY_TIMEOUT_MS);
  child.once("exit", () => fail("ended"));
  child.once("error", ({ message }) => fail(message));
  child.stderr?.on("data", (chunk: Buffer) => {
    written = (written + chunk.toString()).slice(-10_000);
    if (written.includes("Server is ready")) resolve(child);
  });
  return promise.finally(() => clearTimeout(timer));
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
