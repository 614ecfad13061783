import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { StdioStream } from "@loopgate/gateway";
import { linesOf } from "@loopgate/runtime/lines";
import { z } from "zod";
import { SOCKET, inDirectory } from "../stdio-proxy/daemon-socket.ts";
import type { Handshake, HandshakeReply } from "../stdio-proxy/handshake.ts";
import type { DaemonReport } from "./daemon-report.ts";

/** Somebody who came in and said who it is. */
export interface DaemonClient {
  readonly handshake: Handshake;
  readonly stream: StdioStream;
  answer(said: HandshakeReply | DaemonReport): void;
}

/** How long somebody may take to say who it is, in milliseconds. */
const INTRODUCTION_MS = 5_000;

const Introduced = z.object({
  loopgate: z.literal(1),
  as: z.enum(["front", "serve", "doctor"]),
  version: z.string(),
  identity: z.string(),
  recipients: z.record(z.string(), z.string()),
  again: z.boolean(),
});

/** The socket of a data directory, by which fronts come in. Disposing closes it; who is in, stays. */
export class ClientListener implements Disposable {
  readonly #directory: string;
  readonly #server: Server;
  readonly #host = Promise.withResolvers<(client: DaemonClient) => void>();
  readonly #present = new Set<Socket>();
  #emptySince = performance.now();

  private constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer((socket) => void this.#receive(socket).catch(() => socket.destroy()));
  }

  /** Listens in a directory that this process has taken; only the user's own processes come in. */
  static open(directory: string): ClientListener {
    const listener = new ClientListener(directory);
    rmSync(join(directory, SOCKET), { force: true });
    inDirectory(directory, () => listener.#server.listen(SOCKET));
    chmodSync(join(directory, SOCKET), 0o600);
    return listener;
  }

  /** From now on guests are received; those who have come already, first. */
  receive(host: (client: DaemonClient) => void): void {
    this.#host.resolve(host);
  }

  /** False once it was disposed of. */
  get isOpen(): boolean {
    return this.#server.listening;
  }

  /** For how long nobody has been here who needs a daemon, in milliseconds. */
  get emptyForMs(): number {
    return this.#present.size > 0 ? 0 : performance.now() - this.#emptySince;
  }

  [Symbol.dispose](): void {
    inDirectory(this.#directory, () => this.#server.close());
  }

  async #receive(socket: Socket): Promise<void> {
    this.#present.add(socket);
    let needsDaemon = true;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#present.delete(socket);
      if (needsDaemon) this.#emptySince = performance.now();
    });
    const late = setTimeout(() => socket.destroy(), INTRODUCTION_MS);
    const lines = linesOf(socket);
    const said = await lines.next();
    clearTimeout(late);
    const handshake = Introduced.parse(JSON.parse(said.value ?? ""));
    needsDaemon = handshake.as !== "doctor";
    const write = (line: string) => void socket.write(`${line}\n`);
    const stream = { lines, write, end: () => socket.destroySoon() };
    const host = await this.#host.promise;
    host({ handshake, stream, answer: (said) => write(JSON.stringify(said)) });
  }
}
