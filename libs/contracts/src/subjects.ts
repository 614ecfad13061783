import { keyToken } from "./ids.ts";

/** The only tenant today. Every subject, key and document has a tenant, so that more can come. */
export const DEFAULT_TENANT = "default";

const REQUESTS = "loopgate.req.v1";
const TIMERS = "loopgate.timer.v1";
const DUE = "loopgate.due.v1";
const CHANNEL = "loopgate.channel.v1";
const DEAD_LETTERS = "loopgate.dlq.v1";
const COMMITTED = "loopgate.committed.v1";
const QUERIES = "loopgate.rpc.v1";

/** The streams and the subjects that each one stores (docs/architecture.md#streams-subjects-and-buckets). */
export const streams = {
  requests: { name: "LOOPGATE_REQUESTS", subjects: [`${REQUESTS}.>`] },
  timers: { name: "LOOPGATE_TIMERS", subjects: [`${TIMERS}.>`, `${DUE}.>`] },
  channel: { name: "LOOPGATE_CHANNEL", subjects: [`${CHANNEL}.>`] },
  deadLetters: { name: "LOOPGATE_DLQ", subjects: [`${DEAD_LETTERS}.>`] },
} as const;

/** Identifies a request. */
export interface RequestRef {
  readonly tenant: string;
  readonly id: string;
}

/** Filters for consumers and tails: subjects with `*` (one token) and `>` (all the rest). */
export const filters = {
  everyEvent: `${REQUESTS}.>`,
  created: `${REQUESTS}.*.*.created`,
  decided: `${REQUESTS}.*.*.decided`,
  delivered: `${REQUESTS}.*.*.delivered.>`,
  undelivered: `${REQUESTS}.*.*.undelivered.>`,
  seen: `${REQUESTS}.*.*.seen.*`,
  timers: `${TIMERS}.>`,
  due: `${DUE}.>`,
  deadLetters: `${DEAD_LETTERS}.>`,
  queries: `${QUERIES}.*`,
  received: (channel: string, account: string) => `${CHANNEL}.*.${token(channel)}.${token(account)}.in`,
} as const;

/** What happened to a request, as the last part of its subject: the key of that event in the request's set. */
export const eventKey = {
  created: "created",
  decided: "decided",
  delivered: (endpoint: string, copy: string) => `delivered.${token(endpoint)}.${token(copy)}`,
  undelivered: (endpoint: string) => `undelivered.${token(endpoint)}`,
  seen: (person: string) => `seen.${keyToken(person)}`,
} as const;

/** The subject of one event of one request; `key` comes from {@link eventKey}. */
export const requestSubject = ({ tenant, id }: RequestRef, key: string): string =>
  `${REQUESTS}.${token(tenant)}.${token(id)}.${key}`;

/** The subject prefix of one request, without its final dot. */
export const requestPrefix = ({ tenant, id }: RequestRef): string =>
  `${REQUESTS}.${token(tenant)}.${token(id)}`;

/** Reads a request's subject back; undefined for any other subject. */
export function parseRequestSubject(subject: string): (RequestRef & { readonly key: string }) | undefined {
  if (!subject.startsWith(`${REQUESTS}.`)) return undefined;
  const [tenant, id, ...key] = subject.slice(REQUESTS.length + 1).split(".");
  if (tenant === undefined || id === undefined || key.length === 0) return undefined;
  return { tenant, id, key: key.join(".") };
}

/** The subject of a scheduled timer. */
export const timerSubject = ({ tenant, id }: RequestRef, name: string): string =>
  `${TIMERS}.${token(tenant)}.${token(id)}.${token(name)}`;

/** The subject where a timer's event appears when it is due. */
export const dueSubject = ({ tenant, id }: RequestRef, name: string): string =>
  `${DUE}.${token(tenant)}.${token(id)}.${token(name)}`;

/** Reads the subject of a due timer back; undefined for any other subject. */
export function parseDueSubject(subject: string): (RequestRef & { readonly name: string }) | undefined {
  if (!subject.startsWith(`${DUE}.`)) return undefined;
  const [tenant, id, name, ...rest] = subject.slice(DUE.length + 1).split(".");
  if (tenant === undefined || id === undefined || name === undefined || rest.length > 0) return undefined;
  return { tenant, id, name };
}

/** The subject of what people sent, stored before it is confirmed to the provider. */
export const receivedSubject = (tenant: string, channel: string, account: string): string =>
  `${CHANNEL}.${token(tenant)}.${token(channel)}.${token(account)}.in`;

/** The subject of a consumer's dead letters. */
export const deadLetterSubject = (consumer: string): string => `${DEAD_LETTERS}.${token(consumer)}`;

/** The subject on which the broker republishes a committed event of the requests stream. */
export const committedSubject = (subject: string): string =>
  subject.startsWith(`${REQUESTS}.`) ? `${COMMITTED}${subject.slice(REQUESTS.length)}` : subject;

/**
 * Where the reserve for decisions is stored, in the stream of timers: `state`, which may write and purge there, needs no
 * further permission. No tenant's name begins with an underscore.
 */
export const reserveSubjects = {
  all: `${TIMERS}._reserve.>`,
  filler: `${TIMERS}._reserve.log.filler`,
  /** A message here says that the filler was deleted to make room. */
  released: `${TIMERS}._reserve.log.released`,
} as const;

/** Where `state` is asked to release the reserve. */
export const makeRoomSubject = `${QUERIES}.make_room`;

/**
 * The request-reply subject of a query. `search` is a list whose filter services of 0.1.0 do not know: they would return
 * everything, so they must not get it.
 */
export const querySubject = (verb: "status" | "timeline" | "list" | "search" | "count" | "cancel"): string =>
  `${QUERIES}.${verb}`;

/** True if `subject` matches `filter` (NATS wildcards). */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const given = subject.split(".");
  for (const [index, part] of wanted.entries()) {
    if (part === ">") return given.length > index;
    if (given[index] === undefined || (part !== "*" && part !== given[index])) return false;
  }
  return given.length === wanted.length;
}

/** Rejects text that would change the structure of a subject: a dot or a wildcard is an injection. */
function token(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(text)) throw new TypeError("not a subject token");
  return text;
}
