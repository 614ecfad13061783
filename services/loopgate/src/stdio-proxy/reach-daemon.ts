import { sleep } from "@loopgate/async";
import type { Socket } from "node:net";
import { linesOf } from "@loopgate/runtime/lines";
import { connectToDaemon } from "./daemon-socket.ts";
import type { Handshake, HandshakeReply } from "./handshake.ts";
import { startDaemon } from "./start-daemon.ts";

/** The daemon, ready for calls; or why there is none to be had, for a person. */
export type Reached = Daemon | { readonly kind: "none"; readonly why: string };

export interface Daemon {
  readonly kind: "daemon";
  /** What it says, until it ends. */
  readonly lines: AsyncIterable<string>;
  say(line: string): void;
}

const RETRY_MS = 20;
/** A daemon that is asked to end may take half of it; the one that was started meanwhile waits for that. */
const PATIENCE_MS = 60_000;
/** One that was killed before it listened is replaced so soon. Of several the first stays, and the others leave. */
const START_AGAIN_MS = 3_000;

/** Connects to the daemon of a data directory, and starts one where none runs. */
export async function reachDaemon(directory: string, handshake: Handshake): Promise<Reached> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let startedAt = -Infinity;
  while (performance.now() < giveUpAt) {
    const socket = await connectToDaemon(directory);
    if (socket === undefined && performance.now() - startedAt > START_AGAIN_MS) {
      startedAt = performance.now();
      startDaemon(directory);
    }
    const reached = socket && (await introduce(socket, handshake, giveUpAt));
    if (reached !== undefined) return reached;
    await sleep(RETRY_MS);
  }
  return { kind: "none", why: `the daemon does not answer: ${directory}/daemon.log may tell why` };
}

/** Undefined if it hangs up without a word: it ends, and the next one will answer. */
async function introduce(
  socket: Socket,
  handshake: Handshake,
  giveUpAt: number,
): Promise<Reached | undefined> {
  const late = setTimeout(() => socket.destroy(), giveUpAt - performance.now());
  const say = (line: string) => void socket.write(`${line}\n`);
  say(JSON.stringify(handshake));
  try {
    const lines = linesOf(socket);
    const first = await lines.next();
    if (first.done === true) return undefined;
    const welcome: HandshakeReply = JSON.parse(first.value);
    return "refused" in welcome ? { kind: "none", why: welcome.refused } : { kind: "daemon", lines, say };
  } catch {
    return undefined;
  } finally {
    clearTimeout(late);
  }
}
