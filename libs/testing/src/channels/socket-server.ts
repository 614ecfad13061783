import { createServer, type Socket } from "node:net";
import { Answer, Join, readLines, type Shown, writeLine } from "./socket-lines.ts";

/** What a person sent, and where. */
export interface SentAnswer extends Answer, Join {}

/** The connections of people's programs to this process. */
export class SocketServer {
  readonly #joined = new Map<Socket, Join>();

  /** How many people's programs are connected at a place. */
  countAt(place: string): number {
    return this.#at(place).length;
  }

  /** Shows a line to everybody at a place, or to one person there. Rejects if it reached no connection. */
  async show(place: string, line: Shown, person?: string): Promise<void> {
    await Promise.any(this.#at(place, person).map((socket) => writeLine(socket, line)));
  }

  /** Listens at a Unix socket. An answer is confirmed once `store` has resolved; when it rejects, the sender is asked to repeat it. */
  async listen(path: string, store: (answer: SentAnswer) => Promise<void>): Promise<AsyncDisposable> {
    const server = createServer((socket) => this.#accept(socket, store));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
    return {
      [Symbol.asyncDispose]: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const socket of this.#joined.keys()) socket.destroy();
        await closed;
      },
    };
  }

  #accept(socket: Socket, store: (answer: SentAnswer) => Promise<void>): void {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#joined.delete(socket));
    readLines(socket, async (line) => {
      const joined = this.#joined.get(socket);
      if (joined === undefined) return void this.#joined.set(socket, Join.parse(line));
      const answer = Answer.parse(line);
      const isStored = await store({ ...answer, ...joined }).then(
        () => true,
        () => false,
      );
      await writeLine(socket, isStored ? { stored: answer.id } : { not_stored: answer.id });
    });
  }

  #at(place: string, person?: string): Socket[] {
    const isThere = (joined: Join) =>
      joined.place === place && (person === undefined || joined.person === person);
    return [...this.#joined].flatMap(([socket, joined]) => (isThere(joined) ? [socket] : []));
  }
}
