import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** Runs a command in a pseudo-terminal of its own; Python's standard library has one, Node's does not. */
const IN_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

/** A command as a person runs it. Its output is what the terminal shows. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = "";

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    const { PATH = "" } = process.env;
    this.#child = spawn("python3", ["-c", IN_TERMINAL, ...command], {
      env: { PATH, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#closed = once(this.#child, "close");
  }

  get output(): string {
    return this.#output;
  }

  /** The first group of a pattern, once the terminal shows it. Fails if the command ends without it. */
  async shows(pattern: RegExp): Promise<string> {
    let hasEnded = false;
    void this.#closed.then(() => (hasEnded = true));
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found[1] ?? "";
      if (hasEnded) throw new Error(`the command ended:\n${this.#output}`);
      await pause(10);
    }
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-(this.#child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#closed;
  }
}
