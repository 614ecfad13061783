import { backOff, sleep } from "@loopgate/async";
import { parseJson } from "@loopgate/runtime/json";
import type { Environment } from "@loopgate/settings";
import { valueOf } from "../environment.ts";
import { connectOrStartDaemon, type DaemonConnection } from "../stdio-proxy/daemon-connection.ts";

type Content = Readonly<Record<string, unknown>>;

/** Calls tools of Loopgate as plain calls, which need no handshake and have one JSON answer. */
export interface LoopgateCalls {
  /**
   * The structured result of a tool; for a request that has ended already, that request. While Loopgate is away or
   * overloaded, the call is repeated.
   * @throws Refused if Loopgate refuses the call, or after `close`.
   */
  call(tool: string, args: object): Promise<Content>;
  close(): void;
}

/** Loopgate refused the call: the message says why, and the next step. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const RETRY_MS = [250, 500, 1_000, 2_000, 5_000, 10_000];

/** The Loopgate at `LOOPGATE_URL`, or else the daemon of the data directory. */
export const loopgateCalls = (environment: Environment): LoopgateCalls => {
  const url = valueOf(environment, "LOOPGATE_URL");
  return url === undefined
    ? new DaemonCalls(environment)
    : new HttpCalls(url, valueOf(environment, "LOOPGATE_API_KEY"));
};

const callOf = (tool: string, args: object, id: number): string =>
  JSON.stringify({ method: "tools/call", params: { name: tool, arguments: args }, id });

/** Over the socket of the daemon. Calls run beside each other; those that a lost daemon has not answered are sent again. */
class DaemonCalls implements LoopgateCalls {
  readonly #environment: Environment;
  readonly #pending = new Map<
    number,
    { readonly line: string; readonly answer: PromiseWithResolvers<unknown> }
  >();
  #daemon: DaemonConnection | undefined;
  #running = false;
  #isClosed = false;
  #nextId = 1;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  call(tool: string, args: object): Promise<Content> {
    return repeated(
      () => this.#send(tool, args),
      () => this.#isClosed,
    );
  }

  close(): void {
    this.#isClosed = true;
  }

  #send(tool: string, args: object): Promise<unknown> {
    const id = this.#nextId++;
    const line = callOf(tool, args, id);
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, { line, answer });
    this.#daemon?.send(line);
    if (!this.#running) void this.#run();
    return answer.promise;
  }

  /** Keeps a connection while calls are pending. */
  async #run(): Promise<void> {
    this.#running = true;
    for (let again = false; this.#pending.size > 0 && !this.#isClosed; again = true) {
      const result = await connectOrStartDaemon(this.#environment, again);
      if (result.kind === "unavailable") {
        for (const { answer } of this.#pending.values()) answer.reject(new Refused(result.reason));
        this.#pending.clear();
        break;
      }
      this.#daemon = result;
      for (const { line } of this.#pending.values()) result.send(line);
      await this.#readFrom(result);
      this.#daemon = undefined;
    }
    this.#running = false;
  }

  async #readFrom({ lines }: DaemonConnection): Promise<void> {
    try {
      for await (const line of lines) {
        const json = parseJson(line);
        const id = json.kind === "value" ? memberOf(json.value, "id") : undefined;
        if (json.kind !== "value" || typeof id !== "number") continue;
        this.#pending.get(id)?.answer.resolve(json.value);
        this.#pending.delete(id);
      }
    } catch {
      // The daemon was killed: the next one gets the calls.
    }
  }
}

/** Over HTTP, with an API key. */
class HttpCalls implements LoopgateCalls {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #isClosed = false;

  constructor(url: string, apiKey: string | undefined) {
    this.#url = new URL(/\/mcp\/?$/.test(url) ? url : `${url.replace(/\/$/, "")}/mcp`);
    const key = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    this.#headers = { "content-type": "application/json", accept: "application/json", ...key };
  }

  call(tool: string, args: object): Promise<Content> {
    return repeated(
      () => this.#post(callOf(tool, args, 1)),
      () => this.#isClosed,
    );
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Undefined if it is worth another try. */
  async #post(body: string): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.#url, { method: "POST", headers: this.#headers, body });
      status = response.status;
      text = await response.text();
    } catch {
      return undefined;
    }
    if (status >= 500 || status === 429) return undefined;
    const json = parseJson(text);
    if (status === 200 && json.kind === "value") return json.value;
    throw new Refused(
      `the Loopgate at LOOPGATE_URL refuses the call with status ${status}: check LOOPGATE_URL and LOOPGATE_API_KEY`,
    );
  }
}

/** Calls until the answer says something. An answer that is undefined, or `unavailable`, is worth another try. */
async function repeated(send: () => Promise<unknown>, isClosed: () => boolean): Promise<Content> {
  for (let attempt = 1; !isClosed(); attempt++) {
    const content = contentIn(await send());
    if (content !== undefined) return content;
    await sleep(backOff(RETRY_MS, attempt));
  }
  throw new Refused("the hook has ended");
}

/** @throws Refused for an error that another try does not remove. */
function contentIn(answer: unknown): Content | undefined {
  if (answer === undefined) return undefined;
  const content = memberOf(memberOf(answer, "result"), "structuredContent");
  const error = memberOf(content, "error") ?? memberOf(answer, "error");
  if (isObject(content) && error === undefined) return content;
  const code = memberOf(error, "code");
  if (code === "unavailable") return undefined;
  const request = memberOf(error, "request");
  if (code === "already_decided" && isObject(request)) return request;
  const message = memberOf(error, "message");
  const data = memberOf(error, "data");
  const details = Array.isArray(data) && data.length > 0 ? ` (${data.join("; ")})` : "";
  throw new Refused(typeof message === "string" ? `${message}${details}` : "this is no answer of Loopgate's");
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
