import type { RecipientPolicy } from "@loopgate/domain";
import { type LineConnectionParts, type StdioStream, serveLines } from "./stdio-connection.ts";

/** The clients that speak in lines. Disposing hangs up on all of them. */
export class StdioConnections implements AsyncDisposable {
  readonly #parts: Omit<LineConnectionParts, "policy">;
  readonly #open = new Map<StdioStream, Promise<void>>();

  constructor(parts: Omit<LineConnectionParts, "policy">) {
    this.#parts = parts;
  }

  /** Serves a client until it or we hang up; a connection that breaks is one that hung up. */
  async serve(stream: StdioStream, policy: RecipientPolicy): Promise<void> {
    const served = serveLines(stream, { ...this.#parts, policy }).catch((error: unknown) => {
      this.#parts.logger.debug({ err: error }, "a connection broke");
      stream.end();
    });
    this.#open.set(stream, served);
    await served;
    this.#open.delete(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#open.keys()) stream.end();
    await Promise.all(this.#open.values());
  }
}
