import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expectNoSecrets } from "./secret-scan.ts";

/** A part of Loopgate as a process of its own. Every end of it fails the test if its output holds a secret. */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  /** All that it wrote to stdout and stderr so far. */
  output(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
}

export interface ServiceProcessOptions {
  /** Below the repository's root. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves once the process can be used; it may look at what the process wrote. */
  readonly ready: (output: () => string) => Promise<void>;
}

const root = new URL("../../", import.meta.url);

/** Starts a process and waits until it is ready; one that ends before is an error that shows what it wrote. */
export async function startServiceProcess({
  script,
  args = [],
  environment,
  ready,
}: ServiceProcessOptions): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, root)), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin", ...environment },
  });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => written.push(chunk.toString()));
  }
  const output = () => written.join("");
  // When it exits, what it wrote last may not have been read yet.
  const closed = once(child, "close");
  const end = (signal: NodeJS.Signals) => endWith(signal, child, closed, output);
  await Promise.race([
    ready(output),
    closed.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}:\n${output()}`))),
  ]);
  return {
    pid: child.pid ?? 0,
    output,
    stop: () => end("SIGTERM"),
    kill: async () => void (await end("SIGKILL")),
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}

async function endWith(
  signal: NodeJS.Signals,
  child: ChildProcess,
  closed: Promise<unknown>,
  output: () => string,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await closed;
  expectNoSecrets(output());
  return child.exitCode;
}
