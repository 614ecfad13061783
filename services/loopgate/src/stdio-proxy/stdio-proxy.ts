import { sleep } from "@loopgate/async";
import { accessSync, constants, mkdirSync } from "node:fs";
import { linesOf } from "@loopgate/runtime/lines";
import { Conversation } from "./session-replay.ts";
import { dataDirectoryOf, type Environment, maxWaitSecondsOf } from "./environment.ts";
import { handshakeOf } from "./handshake.ts";
import { messagesIn } from "./messages-in.ts";
import { type Daemon, reachDaemon } from "./reach-daemon.ts";

/** How long a client that has closed our stdin may still wait for its answers, in milliseconds. */
const LAST_ANSWERS_MS = 1_000;

/**
 * `loopgate` without arguments: MCP over stdio, as a thin front of the daemon of its data directory. The process ends with
 * its client; to stdout it writes protocol and nothing else.
 */
export async function runFront(environment: Environment): Promise<void> {
  process.stdout.on("error", () => process.exit(0));
  const front = new Front(environment);
  const problem = await Promise.race([front.carryAnswers(), front.carryCalls()]);
  if (problem === undefined) {
    const end = performance.now() + LAST_ANSWERS_MS;
    while (!front.isSettled && performance.now() < end) await sleep(10);
  } else {
    front.giveUp(problem);
    process.stderr.write(`loopgate: ${problem}\n`);
  }
  process.stdout.write("", () => process.exit(problem === undefined ? 0 : 1));
}

class Front {
  readonly #environment: Environment;
  readonly #conversation: Conversation;
  /** The daemon of now, or the one to come; undefined: there will be none. */
  #daemon = Promise.withResolvers<Daemon | undefined>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#conversation = new Conversation(maxWaitSecondsOf(environment));
  }

  /** True if the client waits for nothing. */
  get isSettled(): boolean {
    return this.#conversation.isSettled;
  }

  /** Carries answers to the client, from one daemon after the other. Resolves with why there is no further one. */
  async carryAnswers(): Promise<string> {
    for (let again = false; ; again = true) {
      const reached = await reach(this.#environment, again);
      if (reached.kind === "none") {
        this.#daemon.resolve(undefined);
        return reached.why;
      }
      for (const line of this.#conversation.again()) reached.say(line);
      this.#daemon.resolve(reached);
      await this.#carryFrom(reached);
      this.#daemon = Promise.withResolvers();
      tellClient(this.#conversation.lostDaemon());
    }
  }

  /** Carries calls to the daemon, until the client has closed our stdin. What it says while there is none, waits there. */
  async carryCalls(): Promise<undefined> {
    for await (const line of linesOf(process.stdin)) {
      if (line.trim() === "") continue;
      const daemon = await this.#daemon.promise;
      for (const message of messagesIn(line)) {
        const sent = this.#conversation.fromClient(message);
        daemon?.say(sent);
      }
    }
  }

  /** Answers whatever the client waits for with a failure. */
  giveUp(why: string): void {
    tellClient(this.#conversation.giveUp(why));
  }

  async #carryFrom(daemon: Daemon): Promise<void> {
    try {
      for await (const line of daemon.lines) {
        const answer = this.#conversation.fromDaemon(line);
        if (answer !== undefined) tellClient([answer]);
      }
    } catch {
      // A daemon that was killed breaks the connection; one that ended closes it. The next one goes on with either's calls.
    }
  }
}

async function reach(environment: Environment, again: boolean) {
  const directory = dataDirectoryOf(environment);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch {
    const why = `${directory} can't be used: set LOOPGATE_DATA_DIR to a directory that you may write to`;
    return { kind: "none", why } as const;
  }
  return reachDaemon(directory, { ...handshakeOf(environment, "front"), again });
}

function tellClient(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
