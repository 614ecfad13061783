import { randomUUID } from "node:crypto";
import { parseJson } from "@loopgate/runtime/json";
import { UnheardQuestions } from "./unheard-questions.ts";

type Json = Readonly<Record<string, unknown>>;

/** A call of the client that has no answer yet. */
interface Call {
  message: Json;
  /** Present for a question whose key is ours. */
  question: Question | undefined;
  readonly since: number;
  readonly sentAt: number;
  /** How many daemons were lost while they worked on it. */
  daemonsLost: number;
  /** The last progress that the client was told. */
  progress: number;
  /** The progress that earlier daemons reached; the current daemon counts from zero. */
  earlierProgress: number;
}

/** A question without a key of the client's. */
interface Question {
  readonly args: Json;
  readonly key: string;
  /** True if the key is that of an earlier call. */
  readonly isRepeated: boolean;
}

/** A call that has lost this many daemons is failed: it may be what ends them. */
const MAX_DAEMONS_LOST = 5;

/** Records what another daemon needs to continue the client's session: its `initialize` and its pending calls. */
export class SessionReplay {
  readonly #maxWaitSeconds: number;
  readonly #calls = new Map<string, Call>();
  /** The id of a repeated `initialize`, whose answer the client must not get. No client can guess it and use it itself. */
  readonly #repeatedInitialize = `loopgate-${randomUUID()}`;
  readonly #unheard = new UnheardQuestions();
  #initialization: { readonly initialize: Json; initialized?: string } | undefined;

  constructor(maxWaitSeconds: number) {
    this.#maxWaitSeconds = maxWaitSeconds;
  }

  /** True if every call of the client is answered. */
  get isSettled(): boolean {
    return this.#calls.size === 0;
  }

  /** Records a line of the client; returns the line for the daemon. */
  fromClient(line: string): string {
    const message = withReadArguments(objectIn(line));
    const { id, method, params } = message;
    if (method === "notifications/cancelled") this.#endUnheard(keyOf(at(params, "requestId")));
    if (method === "notifications/initialized" && this.#initialization)
      this.#initialization.initialized = line;
    // The daemon answers a call with another id as an invalid request, without that id.
    if (method === undefined || (typeof id !== "string" && typeof id !== "number")) return line;
    const question = this.#questionIn(message);
    const call: Call = {
      message: question === undefined ? message : withArguments(message, { idempotency_key: question.key }),
      question,
      since: performance.now(),
      sentAt: Date.now(),
      daemonsLost: 0,
      progress: -1,
      earlierProgress: 0,
    };
    this.#calls.set(keyOf(id), call);
    return JSON.stringify(call.message);
  }

  /** Records a line of the daemon; returns the line for the client, if any. */
  fromDaemon(line: string): string | undefined {
    const message = objectIn(line);
    const { id, method, result } = message;
    if (method === "notifications/progress") return this.#withTotalProgress(message);
    if (method !== undefined) return line;
    // A line without an id was cut off when the daemon ended.
    if (id === undefined || id === this.#repeatedInitialize) return undefined;
    const call = this.#calls.get(keyOf(id))?.message;
    const isInitialize = call?.["method"] === "initialize" && call["jsonrpc"] !== undefined;
    if (isInitialize && result !== undefined) this.#initialization = { initialize: call };
    if (at(at(result, "structuredContent"), "request_id") === undefined) this.#endUnheard(keyOf(id));
    else this.#calls.delete(keyOf(id));
    return line;
  }

  /**
   * Returns the line that asks again, for the daemon, if this line answers a repeated call with a question that ended before
   * the repetition: its decision answered no call that was waiting, so it does not answer a new one.
   */
  askAnew(line: string): string | undefined {
    if (!this.#calls.values().some(({ question }) => question?.isRepeated)) return undefined;
    const { id, result } = objectIn(line);
    const call = this.#calls.get(keyOf(id));
    if (!call?.question?.isRepeated || !endedBefore(call.sentAt, at(result, "structuredContent")))
      return undefined;
    call.question = { ...call.question, key: newKey(), isRepeated: false };
    call.message = withArguments(call.message, { idempotency_key: call.question.key });
    return JSON.stringify(withRemainingWait(call, this.#maxWaitSeconds));
  }

  /** Records the loss of the daemon; returns errors for the client, for calls that have lost too many. */
  daemonLost(): readonly string[] {
    for (const call of this.#calls.values()) {
      call.daemonsLost += 1;
      call.earlierProgress = Math.max(0, call.progress);
    }
    return this.failCalls("the daemon ended repeatedly during this call", MAX_DAEMONS_LOST);
  }

  /** Returns errors for the client, for the calls that have lost at least this many daemons. */
  failCalls(reason: string, minDaemonsLost = 0): readonly string[] {
    const failed = [...this.#calls].filter(([, call]) => call.daemonsLost >= minDaemonsLost);
    for (const [key] of failed) this.#endUnheard(key);
    return failed.map(([, { message }]) => JSON.stringify(errorAnswer(message, reason)));
  }

  /** The first lines for another daemon: the older protocol's initialization, and every pending call. */
  replay(): readonly string[] {
    const calls = [...this.#calls.values()].map((call) =>
      JSON.stringify(withRemainingWait(call, this.#maxWaitSeconds)),
    );
    if (this.#initialization === undefined) return calls;
    const { initialize, initialized } = this.#initialization;
    const repeated = JSON.stringify({ ...initialize, id: this.#repeatedInitialize });
    return [repeated, ...(initialized === undefined ? [] : [initialized]), ...calls];
  }

  /** A question with an idempotency key is asked once, even if its line is sent again. */
  #questionIn(message: Json): Question | undefined {
    const { method, params } = message;
    const args = at(params, "arguments");
    const isQuestion = method === "tools/call" && at(params, "name") === "request_human_input";
    if (!isQuestion || !isObject(args) || !isAbsent(args["idempotency_key"])) return undefined;
    const earlier = this.#unheard.take(args);
    return { args, key: earlier ?? newKey(), isRepeated: earlier !== undefined };
  }

  /** Ends a call whose client has not heard the id of its request. */
  #endUnheard(key: string): void {
    const question = this.#calls.get(key)?.question;
    if (question !== undefined) this.#unheard.remember(question.args, question.key);
    this.#calls.delete(key);
  }

  /** Adds the progress of earlier daemons to a report, because progress may only grow. */
  #withTotalProgress(report: Json): string | undefined {
    const { params } = report;
    const token = at(params, "progressToken");
    const call = this.#calls.values().find(({ message }) => tokenOf(message) === token);
    if (call === undefined || !isObject(params)) return JSON.stringify(report);
    const progress = call.earlierProgress + Number(params["progress"]);
    if (progress <= call.progress) return undefined;
    call.progress = progress;
    const total = call.earlierProgress + Number(params["total"]);
    return JSON.stringify({ ...report, params: { ...params, progress, total } });
  }
}

/**
 * The messages in a line of the client. Older protocol revisions allow a batch, as an array: the daemon gets each message as
 * a line of its own, and each answer is sent as soon as it exists.
 */
export function splitBatch(line: string): readonly string[] {
  if (!line.trimStart().startsWith("[")) return [line];
  const json = parseJson(line);
  // The daemon answers lines that are not valid.
  if (json.kind !== "value" || !Array.isArray(json.value)) return [line];
  const batch: readonly unknown[] = json.value;
  return batch.length > 0 && batch.every(isMessage)
    ? batch.map((message) => JSON.stringify(message))
    : [line];
}

const isMessage = (value: unknown): value is object =>
  typeof value === "object" && value !== null && "jsonrpc" in value;

const newKey = (): string => `front-${randomUUID()}`;

/** True if a result tells of a request that ended before this time, or that its key can't be used any more. */
function endedBefore(time: number, content: unknown): boolean {
  const code = at(at(content, "error"), "code");
  if (code === "idempotency_key_used" || code === "idempotency_conflict") return true;
  const decidedAt = at(content, "decided_at");
  return typeof decidedAt === "string" && Date.parse(decidedAt) < time;
}

/** Some clients write the arguments of a tool as JSON text. */
function withReadArguments(message: Json): Json {
  const { method, params } = message;
  const args = at(params, "arguments");
  if (method !== "tools/call" || !isObject(params) || typeof args !== "string") return message;
  const json = parseJson(args);
  return json.kind === "value" && isObject(json.value)
    ? { ...message, params: { ...params, arguments: json.value } }
    : message;
}

/** As in every optional argument. */
const isAbsent = (argument: unknown): boolean =>
  argument === undefined || argument === null || argument === "";

/** Deducts the time that the call has waited: its client measures the wait from the first send. */
function withRemainingWait({ message, since }: Call, maxWaitSeconds: number): Json {
  const given = at(at(message["params"], "arguments"), "wait_seconds");
  const seconds = isAbsent(given) ? NaN : Number(given);
  if (Number.isNaN(seconds)) return message;
  const remaining = Math.min(seconds, maxWaitSeconds) - (performance.now() - since) / 1_000;
  return withArguments(message, { wait_seconds: Math.max(0, remaining) });
}

const withArguments = (message: Json, more: Json): Json => {
  const { params } = message;
  const args = at(params, "arguments");
  if (!isObject(params) || !isObject(args)) return message;
  return { ...message, params: { ...params, arguments: { ...args, ...more } } };
};

const errorAnswer = ({ jsonrpc, id }: Json, reason: string): Json =>
  jsonrpc === undefined
    ? { error: { code: -32_603, message: `loopgate: ${reason}`, data: null }, id }
    : { jsonrpc, error: { code: -32_603, message: `loopgate: ${reason}` }, id };

const tokenOf = ({ params }: Json): unknown => at(at(params, "_meta"), "progressToken");

const keyOf = (id: unknown): string => JSON.stringify(id) ?? "";

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** A line as an object; empty for anything else, which the daemon answers. */
function objectIn(line: string): Json {
  const json = parseJson(line);
  return json.kind === "value" && isObject(json.value) ? json.value : {};
}
