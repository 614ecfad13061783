import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep } from "@loopgate/async";
import { linesOf } from "@loopgate/runtime/lines";
import type { Environment } from "@loopgate/settings";
import { dataDirectoryOf } from "../environment.ts";
import { connectToDaemon } from "./daemon-socket.ts";
import { type Handshake, handshakeOf, type HandshakeReply } from "./handshake.ts";

/** A daemon that is ready for calls. */
export interface DaemonConnection {
  readonly kind: "connected";
  /** The daemon's lines, until it ends. */
  readonly lines: AsyncIterable<string>;
  send(line: string): void;
}

/** A daemon that is ready for calls, or a sentence that says why there is none. */
export type ConnectResult = DaemonConnection | { readonly kind: "unavailable"; readonly reason: string };

const RETRY_MS = 20;

/** A daemon that ends may take 30 s, and its successor waits for it: twice that, in milliseconds. */
const CONNECT_TIMEOUT_MS = 60_000;

/**
 * How long a started daemon may take to listen before another one is started, in milliseconds. It may have been killed. If
 * both run, the first to lock the directory stays, and the other one ends.
 */
const RESTART_AFTER_MS = 3_000;

/**
 * Connects to the daemon of the data directory, and starts one if none listens.
 * @param again true after a daemon was lost
 */
export async function connectOrStartDaemon(environment: Environment, again: boolean): Promise<ConnectResult> {
  const directory = dataDirectoryOf(environment);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch {
    const reason = `${directory} can't be used: set LOOPGATE_DATA_DIR to a directory that you may write to`;
    return { kind: "unavailable", reason };
  }
  return connectOrStartIn(directory, { ...handshakeOf(environment, "front"), again });
}

async function connectOrStartIn(directory: string, handshake: Handshake): Promise<ConnectResult> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  let startedAt = -Infinity;
  while (performance.now() < deadline) {
    const socket = await connectToDaemon(directory);
    if (socket === undefined && performance.now() - startedAt > RESTART_AFTER_MS) {
      startedAt = performance.now();
      startDaemon(directory);
    }
    const result = socket && (await shakeHands(socket, handshake, deadline));
    if (result !== undefined) return result;
    await sleep(RETRY_MS);
  }
  return { kind: "unavailable", reason: `the daemon does not answer: see ${directory}/daemon.log` };
}

/** Undefined if the daemon closes the connection without a reply: it ends, and its successor will answer. */
async function shakeHands(
  socket: Socket,
  handshake: Handshake,
  deadline: number,
): Promise<ConnectResult | undefined> {
  const timer = setTimeout(() => socket.destroy(), deadline - performance.now());
  const send = (line: string) => void socket.write(`${line}\n`);
  send(JSON.stringify(handshake));
  try {
    const lines = linesOf(socket);
    const first = await lines.next();
    if (first.done === true) return undefined;
    const reply: HandshakeReply = JSON.parse(first.value);
    return "refused" in reply
      ? { kind: "unavailable", reason: reply.refused }
      : { kind: "connected", lines, send };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

const startScript = fileURLToPath(new URL("../../../../scripts/start.mjs", import.meta.url));

/** Runs a command in the background and appends its output to a file that only its owner can read. */
const RUN_IN_BACKGROUND = 'umask 077; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &';

/**
 * Starts a daemon for this data directory. The daemon has its own session, its parent exits at once, and it inherits none of
 * our pipes: killing this process, its group or its tree does not reach the daemon, and no process waits for it.
 */
function startDaemon(directory: string): void {
  const daemon = [process.execPath, ...process.execArgv, startScript, "daemon", directory];
  const shell = ["-c", RUN_IN_BACKGROUND, "loopgate", join(directory, "daemon.log"), ...daemon];
  spawn("/bin/sh", shell, { detached: true, stdio: "ignore" })
    .on("error", () => undefined)
    .unref();
}
