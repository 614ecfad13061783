import { randomUUID } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { type Answer, type Join, readLines, Shown, writeLine } from "./socket-lines.ts";

/** How soon a program connects or sends again, in milliseconds. */
const RETRY_MS = 20;

/** What a person sees of a question. */
export interface SeenCopy {
  readonly copy: string;
  readonly question: string;
  /** The buttons, by their labels. */
  readonly options: Readonly<Record<string, string>>;
  /** How the question ended; undefined while it takes answers. */
  closed: string | undefined;
}

/** The program of a person at a place. It keeps its screen, and repeats each answer until a process has stored it. */
export class SocketPerson implements Disposable {
  readonly copies: SeenCopy[] = [];
  readonly notices: string[] = [];
  readonly #join: Join;
  readonly #connections = new Map<string, Socket>();
  readonly #unconfirmed = new Map<string, Answer>();
  readonly #told = new Map<string, string[]>();
  #isOpen = true;

  constructor(join: Join) {
    this.#join = join;
  }

  /** Connects to a process, and again whenever the connection ends. */
  connect(path: string): void {
    if (!this.#isOpen) return;
    const socket = createConnection(path);
    this.#connections.set(path, socket);
    socket.on("error", () => undefined);
    socket.on("close", () => setTimeout(() => this.connect(path), RETRY_MS).unref());
    socket.on("connect", () => {
      for (const line of [this.#join, ...this.#unconfirmed.values()]) this.#write(socket, line);
    });
    readLines(socket, async (line) => this.#see(Shown.parse(line)));
  }

  /** Answers the question of a copy. Returns what the person has been told of it so far. */
  answer(copy: string, choice: Answer["choice"]): readonly string[] {
    const answer = { id: randomUUID(), copy, choice };
    const told: string[] = [];
    this.#told.set(answer.id, told);
    this.#unconfirmed.set(answer.id, answer);
    this.#send(answer);
    return told;
  }

  [Symbol.dispose](): void {
    this.#isOpen = false;
    for (const socket of this.#connections.values()) socket.destroy();
  }

  #see(line: Shown): void {
    if ("question" in line) this.#show(line);
    else if ("notice" in line) this.notices.push(line.notice);
    else if ("stored" in line) this.#unconfirmed.delete(line.stored);
    else if ("not_stored" in line)
      setTimeout(() => this.#send(this.#unconfirmed.get(line.not_stored)), RETRY_MS).unref();
    else if ("told" in line) this.#told.get(line.about)?.push(line.told);
    else this.#close(line.copy, line.closed);
  }

  /** Every connection shows what its place has been shown before. */
  #show(question: Omit<SeenCopy, "closed">): void {
    if (this.copies.every(({ copy }) => copy !== question.copy))
      this.copies.push({ ...question, closed: undefined });
  }

  #close(id: string, how: string): void {
    const copy = this.copies.find((one) => one.copy === id);
    if (copy !== undefined) copy.closed = how;
  }

  /** Without a connection, the next one sends it. */
  #send(answer: Answer | undefined): void {
    const connected = [...this.#connections.values()].find((socket) => socket.readyState === "open");
    if (answer !== undefined && connected !== undefined) this.#write(connected, answer);
  }

  /** What is lost with a connection is sent again over the next one. */
  #write(socket: Socket, line: Join | Answer): void {
    writeLine(socket, line).catch(() => undefined);
  }
}
