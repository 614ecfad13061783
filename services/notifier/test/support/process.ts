import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** `node services/notifier/src/main.ts`, killed with its owner. */
export interface NotifierProcess extends AsyncDisposable {
  /** What it logged so far. */
  logged(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP */
  freeze(): void;
  /** SIGCONT */
  thaw(): void;
}

/** Starts a notifier of its own and waits until it is ready. */
export async function startProcess(environment: Readonly<Record<string, string>>): Promise<NotifierProcess> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: "/usr/bin:/bin", ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const ready = Promise.withResolvers<void>();
  let logged = "";
  child.stderr.on("data", (chunk: Buffer) => {
    logged += chunk.toString();
    if (logged.includes('"msg":"ready"')) ready.resolve();
  });
  child.once("exit", () => ready.reject(new Error(`the notifier ended:\n${logged}`)));
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  await ready.promise;
  return {
    logged: () => logged,
    kill,
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: kill,
  };
}
