import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { botToken } from "./secret-scan.ts";
import { type ServiceProcess, startServiceProcess } from "./service-process.ts";

/** Loopgate as its callers and its operator see it, however many processes it is. */
export interface RunningLoopgate extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** All that it wrote to stdout and stderr so far. */
  output(): string;
  /** SIGTERM; resolves with the exit code. Fails if the output holds a secret. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
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

/** What every test's Loopgate asks: the stand-in's bot, and the person in chat 7. */
export const telegramEnvironment = (apiRoot: string) => ({
  TELEGRAM_BOT_TOKEN: botToken,
  TELEGRAM_CHAT_ID: "7",
  TELEGRAM_API_ROOT: apiRoot,
});

/** Starts the embedded Loopgate on a free port and waits until it says that it is ready. */
export async function startLoopgate({
  directory,
  apiRoot,
  environment = {},
}: LoopgateOptions): Promise<RunningLoopgate & ServiceProcess> {
  let url = "";
  const process = await startServiceProcess({
    script: "services/loopgate/src/cli.ts",
    args: ["serve"],
    environment: {
      HOME: directory,
      LOOPGATE_DATA_DIR: directory,
      SERVER_PORT: "0",
      ...telegramEnvironment(apiRoot),
      ...environment,
    },
    ready: async (output) => {
      while (url === "") {
        await pause(5);
        url = /is ready: (http:\/\/\S+)\/mcp/.exec(output())?.[1] ?? "";
      }
    },
  });
  return { ...process, url };
}
