import { randomUUID } from "node:crypto";

type Json = Readonly<Record<string, unknown>>;

/** A call of the client that has no answer yet. */
interface Call {
  readonly message: Json;
  readonly since: number;
  /** How many daemons died over it. */
  deaths: number;
  /** The progress that the client has heard of last, and what of it came from daemons that died. */
  heard: number;
  heardBefore: number;
}

/** A call over which so many daemons died is not given to another one. */
const MAX_DEATHS = 5;

/** The id under which a handshake is repeated: the client must not hear the answer. */
const REPEATED = "loopgate-again";

/** What a client and its daemon have said: enough to go on with another daemon. */
export class Conversation {
  readonly #maxWaitSeconds: number;
  readonly #calls = new Map<string, Call>();
  #handshake: { readonly initialize: Json; initialized?: string } | undefined;

  constructor(maxWaitSeconds: number) {
    this.#maxWaitSeconds = maxWaitSeconds;
  }

  /** True if the client waits for nothing. */
  get isSettled(): boolean {
    return this.#calls.size === 0;
  }

  /** Takes a line of the client; returns the one for the daemon. */
  fromClient(line: string): string {
    const message = objectIn(line);
    const { id, method, params } = message;
    if (method === "notifications/cancelled") this.#calls.delete(keyOf(at(params, "requestId")));
    if (method === "notifications/initialized" && this.#handshake) this.#handshake.initialized = line;
    if (method === undefined || id === undefined || id === null) return line;
    const fresh = { since: performance.now(), deaths: 0, heard: -1, heardBefore: 0 };
    const call = { message: withKey(message), ...fresh };
    this.#calls.set(keyOf(id), call);
    return JSON.stringify(call.message);
  }

  /** Takes a line of the daemon; returns the one for the client, if any. */
  fromDaemon(line: string): string | undefined {
    const message = objectIn(line);
    const { id, method, result } = message;
    if (method === "notifications/progress") return this.#growing(message);
    if (method !== undefined) return line;
    // Neither the handshake's repetition nor what a dying daemon cut off.
    if (id === undefined || id === REPEATED) return undefined;
    const call = this.#calls.get(keyOf(id))?.message;
    const isHandshake = call?.["method"] === "initialize" && call["jsonrpc"] !== undefined;
    if (isHandshake && result !== undefined) this.#handshake = { initialize: call };
    this.#calls.delete(keyOf(id));
    return line;
  }

  /** The daemon is gone: the answers to calls that no other one shall get. */
  lostDaemon(): readonly string[] {
    for (const call of this.#calls.values()) {
      call.deaths += 1;
      call.heardBefore = Math.max(0, call.heard);
    }
    return this.giveUp("one daemon after the other ended over this call", MAX_DEATHS);
  }

  /** The answers to calls that `deaths` daemons or more died over. */
  giveUp(why: string, deaths = 0): readonly string[] {
    const given = [...this.#calls].filter(([, call]) => call.deaths >= deaths);
    for (const [key] of given) this.#calls.delete(key);
    return given.map(([, { message }]) => JSON.stringify(failureOf(message, why)));
  }

  /** What another daemon must hear first: the handshake of the older protocol, and every call without an answer. */
  again(): readonly string[] {
    const calls = [...this.#calls.values()].map((call) =>
      JSON.stringify(withRestOfWait(call, this.#maxWaitSeconds)),
    );
    if (this.#handshake === undefined) return calls;
    const { initialize, initialized } = this.#handshake;
    const handshake = JSON.stringify({ ...initialize, id: REPEATED });
    return [handshake, ...(initialized === undefined ? [] : [initialized]), ...calls];
  }

  /** Another daemon counts from the beginning; to the client progress only grows. */
  #growing(report: Json): string | undefined {
    const { params } = report;
    const token = at(params, "progressToken");
    const call = this.#calls.values().find(({ message }) => tokenOf(message) === token);
    if (call === undefined || !isObject(params)) return JSON.stringify(report);
    const progress = call.heardBefore + Number(params["progress"]);
    if (progress <= call.heard) return undefined;
    call.heard = progress;
    const total = call.heardBefore + Number(params["total"]);
    return JSON.stringify({ ...report, params: { ...params, progress, total } });
  }
}

/** A question under a key is asked once, however often its line is sent. */
function withKey(message: Json): Json {
  const { method, params } = message;
  const given = at(params, "arguments");
  const isQuestion = method === "tools/call" && at(params, "name") === "request_human_input";
  if (!isQuestion || !isObject(given) || (given["idempotency_key"] ?? null) !== null) return message;
  return withArguments(message, { idempotency_key: `front-${randomUUID()}` });
}

/** A call that has waited waits only for the rest: its client counts from the beginning. */
function withRestOfWait({ message, since }: Call, maxWaitSeconds: number): Json {
  const seconds = at(at(message["params"], "arguments"), "wait_seconds");
  if (typeof seconds !== "number") return message;
  const rest = Math.min(seconds, maxWaitSeconds) - (performance.now() - since) / 1_000;
  return withArguments(message, { wait_seconds: Math.max(0, rest) });
}

const withArguments = (message: Json, more: Json): Json => {
  const { params } = message;
  const given = at(params, "arguments");
  if (!isObject(params) || !isObject(given)) return message;
  return { ...message, params: { ...params, arguments: { ...given, ...more } } };
};

const failureOf = ({ jsonrpc, id }: Json, why: string): Json =>
  jsonrpc === undefined
    ? { error: { code: -32_603, message: `loopgate: ${why}`, data: null }, id }
    : { jsonrpc, error: { code: -32_603, message: `loopgate: ${why}` }, id };

const tokenOf = ({ params }: Json): unknown => at(at(params, "_meta"), "progressToken");

const keyOf = (id: unknown): string => JSON.stringify(id) ?? "";

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** A line as an object; an empty one for rubbish, which is the daemon's to answer. */
function objectIn(line: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
