import { createServer, type Socket } from "node:net";
import { Answer, Join, readLines, type Shown, writeLine } from "./socket-lines.ts";

/** What a person sent, and where. */
export interface SentAnswer extends Answer, Join {}

/** The connections of people's programs to this process. */
export class SocketServer {
  /** All connections; undefined until the first line has come. */
  readonly #connections = new Map<Socket, Join | undefined>();
  /** What each place was shown of its questions: a program that joins later sees all of it. */
  readonly #history = new Map<string, Shown[]>();

  /** How many people's programs are connected at a place. */
  countAt(place: string): number {
    return this.#at(place).length;
  }

  /** Shows a line to all people at a place, or to one person there. Rejects if it reached no connection. */
  async show(place: string, line: Shown, person?: string): Promise<void> {
    const writing = Promise.any(this.#at(place, person).map((socket) => writeLine(socket, line)));
    if (!("copy" in line)) return writing;
    this.#history.set(place, [...this.#shownAt(place), line]);
    await writing.catch((error: unknown) => {
      this.#history.set(
        place,
        this.#shownAt(place).filter((shown) => shown !== line),
      );
      throw error;
    });
  }

  /** Listens at a Unix socket. Confirms an answer once `store` has resolved; when it rejects, asks for the answer again. */
  async listen(path: string, store: (answer: SentAnswer) => Promise<void>): Promise<AsyncDisposable> {
    const server = createServer((socket) => this.#accept(socket, store));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
    return {
      [Symbol.asyncDispose]: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const socket of this.#connections.keys()) socket.destroy();
        await closed;
      },
    };
  }

  #accept(socket: Socket, store: (answer: SentAnswer) => Promise<void>): void {
    this.#connections.set(socket, undefined);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
    readLines(socket, async (line) => {
      const joined = this.#connections.get(socket);
      if (joined === undefined) return this.#join(socket, Join.parse(line));
      const answer = Answer.parse(line);
      const isStored = await store({ ...answer, ...joined }).then(
        () => true,
        () => false,
      );
      await writeLine(socket, isStored ? { stored: answer.id } : { not_stored: answer.id });
    });
  }

  async #join(socket: Socket, join: Join): Promise<void> {
    this.#connections.set(socket, join);
    await Promise.all(this.#shownAt(join.place).map((line) => writeLine(socket, line)));
  }

  #shownAt(place: string): readonly Shown[] {
    return this.#history.get(place) ?? [];
  }

  #at(place: string, person?: string): Socket[] {
    const isThere = (joined: Join | undefined) =>
      joined?.place === place && (person === undefined || joined.person === person);
    return [...this.#connections].flatMap(([socket, joined]) => (isThere(joined) ? [socket] : []));
  }
}
