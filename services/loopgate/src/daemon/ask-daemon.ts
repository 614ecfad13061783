import { linesOf } from "@loopgate/runtime/lines";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import type { Handshake } from "../stdio-proxy/handshake.ts";

/** What the process that serves a data directory answers. */
export type DaemonAnswer =
  | { readonly kind: "answer"; readonly value: unknown }
  /** No process listens there. */
  | { readonly kind: "not_running" }
  /** It closed the connection without an answer: it ends, or its version does not know the question. */
  | { readonly kind: "closed" };

/** Asks the process that serves a data directory one question, by the line that says what this client is. */
export async function askDaemon(directory: string, question: Handshake): Promise<DaemonAnswer> {
  const socket = await connectToDaemon(directory);
  if (socket === undefined) return { kind: "not_running" };
  try {
    socket.write(`${JSON.stringify(question)}\n`);
    const { value } = await linesOf(socket).next();
    return typeof value === "string" ? { kind: "answer", value: JSON.parse(value) } : { kind: "closed" };
  } finally {
    socket.destroy();
  }
}
