import { randomUUID } from "node:crypto";

type Json = Readonly<Record<string, unknown>>;

/** A call of the client that has no answer yet. */
interface Call {
  readonly message: Json;
  readonly line: string;
  readonly since: number;
  /** How many daemons died over it. */
  deaths: number;
}

/** A call over which so many daemons died is not given to another one. */
const MAX_DEATHS = 5;

/** The id under which a handshake is repeated: the client must not hear the answer. */
const REPEATED = "loopgate-again";

/** What a client and its daemon have said: enough to take up the conversation with another daemon. */
export class Conversation {
  readonly #calls = new Map<string, Call>();
  #handshake: { readonly initialize: Json; initialized?: string } | undefined;

  /** True if the client waits for nothing. */
  get isSettled(): boolean {
    return this.#calls.size === 0;
  }

  /** Takes a line of the client; returns the one for the daemon. */
  fromClient(line: string): string {
    const message = objectIn(line);
    if (message?.["method"] === undefined) return line;
    const { id, method, params } = message;
    if (method === "notifications/cancelled") this.#calls.delete(keyOf(at(params, "requestId")));
    if (method === "notifications/initialized" && this.#handshake) this.#handshake.initialized = line;
    if (id === undefined || id === null) return line;
    const keyed = withKey(message);
    const sent = keyed === message ? line : JSON.stringify(keyed);
    this.#calls.set(keyOf(id), { message: keyed, line: sent, since: Date.now(), deaths: 0 });
    return sent;
  }

  /** Takes a line of the daemon; returns the one for the client, if any. */
  fromDaemon(line: string): string | undefined {
    const message = objectIn(line);
    if (message === undefined || message["id"] === REPEATED) return undefined;
    if (message["method"] !== undefined) return line;
    const call = this.#calls.get(keyOf(message["id"]));
    if (isInitialize(call?.message) && "result" in message) this.#handshake = { initialize: call.message };
    this.#calls.delete(keyOf(message["id"]));
    return line;
  }

  /** The daemon is gone: answers the calls that no other one shall get. */
  lostDaemon(): readonly string[] {
    for (const call of this.#calls.values()) call.deaths += 1;
    return this.giveUp("the daemon ended again and again over this call", MAX_DEATHS);
  }

  /** Answers the calls that `deaths` daemons or more died over. */
  giveUp(why: string, deaths = 0): readonly string[] {
    const given = [...this.#calls].filter(([, call]) => call.deaths >= deaths);
    for (const [key] of given) this.#calls.delete(key);
    return given.map(([, { message }]) => JSON.stringify(errorFor(message, why)));
  }

  /** What another daemon must hear first: the handshake of the older protocol, and every call without an answer. */
  again(): readonly string[] {
    const lines = [...this.#calls.values()].map(lineAgain);
    if (this.#handshake === undefined) return lines;
    const { initialize, initialized } = this.#handshake;
    const handshake = JSON.stringify({ ...initialize, id: REPEATED });
    return [handshake, ...(initialized === undefined ? [] : [initialized]), ...lines];
  }
}

/** A question under a key is asked once, however often its line is sent. */
function withKey(message: Json): Json {
  const { method, params } = message;
  const given = at(params, "arguments");
  if (method !== "tools/call" || at(params, "name") !== "request_human_input") return message;
  if (!isObject(params) || !isObject(given) || (given["idempotency_key"] ?? null) !== null) return message;
  const keyed = { ...given, idempotency_key: `front-${randomUUID()}` };
  return { ...message, params: { ...params, arguments: keyed } };
}

/** A call that waited already waits only for the rest: its client counts from the beginning. */
function lineAgain({ message, line, since }: Call): string {
  const { params } = message;
  const given = at(params, "arguments");
  const seconds = at(given, "wait_seconds");
  if (!isObject(params) || !isObject(given) || typeof seconds !== "number") return line;
  const left = Math.max(0, seconds - (Date.now() - since) / 1_000);
  return JSON.stringify({ ...message, params: { ...params, arguments: { ...given, wait_seconds: left } } });
}

function errorFor({ jsonrpc, id }: Json, why: string): Json {
  const error = {
    code: -32_603,
    message: `loopgate: ${why}`,
    ...(jsonrpc === undefined ? { data: null } : {}),
  };
  return { ...(jsonrpc === undefined ? {} : { jsonrpc }), error, id };
}

const isInitialize = (message: Json | undefined): message is Json =>
  message?.["method"] === "initialize" && message["jsonrpc"] !== undefined;

const keyOf = (id: unknown): string => JSON.stringify(id) ?? "";

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

function objectIn(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
