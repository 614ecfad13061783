import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { botToken, expectNoSecrets } from "./secret-scan.ts";

const cli = fileURLToPath(new URL("../../services/all-in-one/src/cli.ts", import.meta.url));

/** `loopgate serve` as a process of its own. */
export interface RunningLoopgate extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** All that it wrote to stdout and stderr so far. */
  output(): string;
  /** SIGTERM; resolves with the exit code. Fails if the output holds a secret. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** A directory that goes away with its owner. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "loopgate-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export interface LoopgateOptions {
  readonly directory: string;
  readonly apiRoot: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts Loopgate on a free port and waits until it says that it is ready. */
export async function startLoopgate({
  directory,
  apiRoot,
  environment = {},
}: LoopgateOptions): Promise<RunningLoopgate> {
  const child = spawn(process.execPath, [cli, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      HOME: directory,
      PATH: "/usr/bin:/bin",
      LOOPGATE_DATA_DIR: directory,
      SERVER_PORT: "0",
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_CHAT_ID: "7",
      TELEGRAM_API_ROOT: apiRoot,
      ...environment,
    },
  });
  const written: string[] = [];
  const exited = once(child, "exit");
  const url = await readyAddress(child, written);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    expectNoSecrets(written.join(""));
    return child.exitCode;
  };
  return {
    url,
    pid: child.pid ?? 0,
    output: () => written.join(""),
    stop: () => end("SIGTERM"),
    kill: async () => void (await end("SIGKILL")),
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}

function readyAddress(child: ChildProcess, written: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const listen = (chunk: Buffer) => {
    written.push(chunk.toString());
    const address = /is ready: (http:\/\/\S+)\/mcp/.exec(written.join(""))?.[1];
    if (address !== undefined) resolve(address);
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  child.once("exit", (code) => reject(new Error(`Loopgate ended with ${code}:\n${written.join("")}`)));
  return promise;
}
