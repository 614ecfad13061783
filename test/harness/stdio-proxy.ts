import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { linesOf } from "@loopgate/runtime/lines";
import { RequestView } from "@loopgate/contracts";
import { expectNoSecrets } from "./secret-scan.ts";

/** What AI applications are configured with: an absolute path. */
export const launcher = fileURLToPath(new URL("../../loopgate", import.meta.url));

// oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
type Answer = any;

export interface StdioProxyOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True: in its own process group, as some AI applications start their children. */
  readonly detached?: boolean;
}

/** `loopgate` as an AI application starts it. Its calls have no `jsonrpc`, unless `more` contains it. */
export class StdioProxy implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #answers: Answer[] = [];
  #stderr = "";
  #nextId = 1;
  /** Resolves with the next line, or with the end. */
  #nextLine = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor({ environment, cwd = "/", detached = false }: StdioProxyOptions) {
    this.child = spawn(launcher, [], { env: environment, cwd, detached, stdio: "pipe" });
    this.child.stdin.on("error", () => undefined);
    this.child.stderr.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    void this.#listen();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** All lines of its stdout so far, parsed: it writes nothing but JSON lines. */
  get answers(): readonly Answer[] {
    return this.#answers;
  }

  send(line: unknown): void {
    this.child.stdin.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  }

  /** Calls a tool; resolves with the answer. */
  async call(name: string, args: Record<string, unknown>, more: object = {}): Promise<Answer> {
    const id = `call-${this.#nextId++}`;
    this.send({ method: "tools/call", params: { name, arguments: args }, id, ...more });
    return this.answerTo(id);
  }

  /** Resolves once a daemon has answered. */
  async ready(): Promise<void> {
    const { result } = await this.call("list_pending_requests", {});
    if (result === undefined) throw new Error(`no daemon: ${this.#stderr}`);
  }

  /** Calls a tool whose answer is the view of a request. */
  async view(name: string, args: Record<string, unknown>): Promise<RequestView> {
    const { result, error } = await this.call(name, args);
    if (result === undefined || result.isError) throw new Error(JSON.stringify(error ?? result));
    return RequestView.parse(result.structuredContent);
  }

  /** The answer to the call with this id, once it arrives. Fails if the process ends without it. */
  async answerTo(id: unknown): Promise<Answer> {
    for (;;) {
      const answer = this.#answers.find((one) => one.id === id && one.method === undefined);
      if (answer !== undefined) return answer;
      if (this.#hasEnded) throw new Error(`the stdio proxy ended: ${this.#stderr}`);
      await this.#nextLine.promise;
    }
  }

  /** Resolves when the process has ended and its pipes are closed: AI applications wait for both. */
  async closed(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    const { child } = this;
    const isClosed = child.exitCode !== null || child.signalCode !== null;
    if (!isClosed || !child.stdout.closed) await once(child, "close");
    expectNoSecrets(this.#stderr);
    return { code: child.exitCode, signal: child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.closed();
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of linesOf(this.child.stdout)) {
        this.#answers.push(JSON.parse(line));
        this.#nextLine.resolve();
        this.#nextLine = Promise.withResolvers();
      }
    } catch {
      // A test has destroyed the pipe.
    }
    this.#hasEnded = true;
    this.#nextLine.resolve();
  }
}

/** The process ids of the daemons whose data is below a directory. */
export function daemonsIn(directory: string): readonly number[] {
  return execFileSync("ps", ["-axo", "pid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(` daemon ${directory}/`))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state]) => state?.startsWith("Z") === false)
    .map(([pid]) => Number(pid));
}

/** A process and its descendants, as an AI application finds them that kills a process tree. */
export function treeOf(root: number): readonly number[] {
  const rows = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) tree.push(...rows.filter(([, of]) => of === parent).map(([pid]) => pid ?? 0));
  return tree;
}

/** Kills the daemons whose data is below a directory. */
export function killDaemonsIn(directory: string): void {
  for (const pid of daemonsIn(directory)) killIfThere(pid);
}

/** Sends SIGKILL to a process that may have ended already. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
