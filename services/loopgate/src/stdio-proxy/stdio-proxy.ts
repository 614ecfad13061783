import { sleep } from "@loopgate/async";
import { linesOf } from "@loopgate/runtime/lines";
import type { Environment } from "@loopgate/settings";
import { maxWaitSecondsOf } from "../environment.ts";
import { connectOrStartDaemon, type DaemonConnection } from "./daemon-connection.ts";
import { SessionReplay, splitBatch } from "./session-replay.ts";

/** After the client has closed our stdin: how long its pending calls may still be answered, in milliseconds. */
const LAST_ANSWERS_MS = 1_000;

/**
 * `loopgate` without arguments: MCP over stdio, passed on to the daemon of the data directory. The process ends with its
 * client. Its stdout carries the protocol and nothing else.
 */
export async function runStdioProxy(environment: Environment): Promise<void> {
  // The client has closed our stdout: no client is left to answer.
  process.stdout.on("error", () => process.exit(0));
  const proxy = new StdioProxy(environment);
  const problem = await Promise.race([proxy.forwardAnswers(), proxy.forwardCalls()]);
  if (problem === undefined) {
    const end = performance.now() + LAST_ANSWERS_MS;
    while (!proxy.isSettled && performance.now() < end) await sleep(10);
  } else {
    proxy.failCalls(problem);
    process.stderr.write(`loopgate: ${problem}\n`);
  }
  // Exits only after everything before it was written.
  process.stdout.write("", () => process.exit(problem === undefined ? 0 : 1));
}

class StdioProxy {
  readonly #environment: Environment;
  readonly #session: SessionReplay;
  /** The current daemon, or the next one; resolves with undefined if there will be none. */
  #daemon = Promise.withResolvers<DaemonConnection | undefined>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#session = new SessionReplay(maxWaitSecondsOf(environment));
  }

  /** True if every call of the client is answered. */
  get isSettled(): boolean {
    return this.#session.isSettled;
  }

  /** Forwards answers to the client, from one daemon after another. Resolves with the reason why there is no further one. */
  async forwardAnswers(): Promise<string> {
    for (let again = false; ; again = true) {
      const result = await connectOrStartDaemon(this.#environment, again);
      if (result.kind === "unavailable") {
        this.#daemon.resolve(undefined);
        return result.reason;
      }
      for (const line of this.#session.replay()) result.send(line);
      this.#daemon.resolve(result);
      await this.#forwardFrom(result);
      this.#daemon = Promise.withResolvers();
      writeToClient(this.#session.daemonLost());
    }
  }

  /** Forwards calls to the daemon until the client closes our stdin. While no daemon is connected, calls wait in stdin. */
  async forwardCalls(): Promise<undefined> {
    for await (const line of linesOf(process.stdin)) {
      if (line.trim() === "") continue;
      const daemon = await this.#daemon.promise;
      for (const message of splitBatch(line)) {
        const sent = this.#session.fromClient(message);
        daemon?.send(sent);
      }
    }
  }

  /** Answers every pending call with an error. */
  failCalls(reason: string): void {
    writeToClient(this.#session.failCalls(reason));
  }

  async #forwardFrom(daemon: DaemonConnection): Promise<void> {
    try {
      for await (const line of daemon.lines) {
        const repeated = this.#session.askAnew(line);
        if (repeated !== undefined) daemon.send(repeated);
        const answer = repeated === undefined ? this.#session.fromDaemon(line) : undefined;
        if (answer !== undefined) writeToClient([answer]);
      }
    } catch {
      // A killed daemon breaks the connection, and one that ends closes it: in both cases the next daemon takes the calls.
    }
  }
}

function writeToClient(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
