import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { StdioStream } from "@loopgate/gateway";
import { linesOf } from "@loopgate/runtime/lines";
import { z } from "zod";
import { inDirectory, SOCKET } from "../stdio-proxy/daemon-socket.ts";
import type { Handshake, HandshakeReply } from "../stdio-proxy/handshake.ts";
import type { DaemonReport } from "./daemon-report.ts";

/** A process that has connected and sent its handshake. */
export interface DaemonClient {
  readonly handshake: Handshake;
  readonly stream: StdioStream;
  reply(message: HandshakeReply | DaemonReport): void;
}

export type ClientHandler = (client: DaemonClient) => void;

/** True for a client that asks one thing and uses the process for nothing else. */
export const asksOnly = ({ as }: Handshake): boolean => as === "doctor" || as === "open";

/** A client must send its handshake within this time, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

const HandshakeLine = z.object({
  loopgate: z.literal(1),
  as: z.enum(["front", "serve", "doctor", "open"]),
  /** A newer version takes the daemon's place, so it must be one. */
  version: z.string().regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,64})?$/),
  identity: z.string(),
  recipients: z.record(z.string(), z.string()),
  again: z.boolean(),
});

/** Listens on the socket of a data directory. Disposing closes the socket; connected clients stay connected. */
export class ClientListener implements Disposable {
  readonly #directory: string;
  readonly #server: Server;
  readonly #handler = Promise.withResolvers<ClientHandler>();
  readonly #connected = new Set<Socket>();
  #unusedSince = performance.now();

  private constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer((socket) => void this.#accept(socket).catch(() => socket.destroy()));
  }

  /** Listens in a directory that this process has locked; only processes of the same user can connect. */
  static open(directory: string): ClientListener {
    const listener = new ClientListener(directory);
    rmSync(join(directory, SOCKET), { force: true });
    inDirectory(directory, () => listener.#server.listen(SOCKET));
    chmodSync(join(directory, SOCKET), 0o600);
    return listener;
  }

  /** Passes clients to `handler`, also those that are connected already. */
  handle(handler: ClientHandler): void {
    this.#handler.resolve(handler);
  }

  /** False after the listener was disposed of. */
  get isOpen(): boolean {
    return this.#server.listening;
  }

  /** How long no client has been connected, in milliseconds. A client that only asks something does not count. */
  get unusedForMs(): number {
    return this.#connected.size > 0 ? 0 : performance.now() - this.#unusedSince;
  }

  [Symbol.dispose](): void {
    inDirectory(this.#directory, () => this.#server.close());
  }

  async #accept(socket: Socket): Promise<void> {
    this.#connected.add(socket);
    let isUse = true;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#connected.delete(socket);
      if (isUse) this.#unusedSince = performance.now();
    });
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS);
    const lines = linesOf(socket);
    const first = await lines.next();
    clearTimeout(timer);
    const handshake = HandshakeLine.parse(JSON.parse(first.value ?? ""));
    isUse = !asksOnly(handshake);
    const write = (line: string) => void socket.write(`${line}\n`);
    const stream = { lines, write, end: () => socket.destroySoon() };
    const handler = await this.#handler.promise;
    handler({ handshake, stream, reply: (message) => write(JSON.stringify(message)) });
  }
}
