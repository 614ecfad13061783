import {
  type CreatedEvent,
  type DecidedEvent,
  deliveredEvent,
  entryAs,
  eventKey,
  type LogEntry,
  type ParsedEntry,
  refOf,
  requestPrefix,
  type RequestRef,
  requestSubject,
  seenEvent,
  type SeenEvent,
  type Stored,
  undeliveredEvent,
} from "@loopgate/contracts";
import type { BusObserver, EventLog } from "@loopgate/bus";
import { type Copy, fold, type RequestSet } from "@loopgate/domain";

/** A question counts as gone this long before the log drops it, in milliseconds: see {@link RequestLog}. */
const GONE_BEFORE_AGE_OUT_MS = 24 * 60 * 60 * 1000;

export interface RequestLogOptions {
  readonly log: EventLog;
  /** How long the log keeps an event, in milliseconds. */
  readonly retentionMs: number;
  readonly now?: () => Date;
  readonly observer?: Pick<BusObserver, "decided" | "lost">;
}

export type SubmitResult =
  | { readonly kind: "created"; readonly created: Stored<CreatedEvent> }
  | { readonly kind: "exists"; readonly created: Stored<CreatedEvent> };

/** What a decider wants: a decision to append, or an outcome of its own, which appends nothing. */
export type Ruling<Outcome = never> = { readonly decide: DecidedEvent } | { readonly outcome: Outcome };

/**
 * `own`: the decider's event is the decision, stored now or by an earlier try. `lost`: another decision was first. `gone`:
 * the log no longer holds the question, or will drop it within a day: it can no longer be decided.
 */
export type DecideResult =
  | { readonly kind: "own"; readonly decision: Stored<DecidedEvent>; readonly created: CreatedEvent }
  | { readonly kind: "lost"; readonly decision: Stored<DecidedEvent>; readonly created: CreatedEvent }
  | { readonly kind: "gone" };

/**
 * Requests in the log, under the rules that hold for every process (docs/invariants.md#rules):
 * - `created` and `decided` are first on their subject.
 * - A read sees what the leader has, or at least the event that the caller reacts to.
 * - A request whose `created` has left the log, or will within a day, is not decided any more: once the log has dropped
 *   the first decision too, it would accept a second one.
 *
 * All methods throw `Unavailable` when the log does not answer.
 */
export class RequestLog {
  readonly #log: EventLog;
  readonly #retentionMs: number;
  readonly #now: () => Date;
  readonly #observer: RequestLogOptions["observer"];

  constructor({ log, retentionMs, now = () => new Date(), observer }: RequestLogOptions) {
    this.#log = log;
    this.#retentionMs = retentionMs;
    this.#now = now;
    this.#observer = observer;
  }

  /**
   * Appends the question, or finds the one that this id already has.
   * @throws LogFull when only the headroom for decisions is left: nothing was asked.
   */
  async submit(event: CreatedEvent): Promise<SubmitResult> {
    const subject = requestSubject(refOf(event), eventKey.created);
    const result = await this.#log.append(subject, event, { first: true, reserveHeadroom: true });
    if (result.kind === "stored") return { kind: "created", created: asCreated(result.entry) };
    this.#observer?.lost("created");
    return { kind: "exists", created: asCreated(result.winner) };
  }

  /**
   * Reads the question, lets the decider rule on it, and appends its decision if it is the first. Any other outcome of the
   * decider is returned as it is, and nothing is appended. The set that it sees holds only the question, which never
   * changes; a policy that counts answers would have to read more.
   */
  async decide<Outcome = never>(
    ref: RequestRef,
    decider: (set: RequestSet) => Ruling<Outcome> | Promise<Ruling<Outcome>>,
  ): Promise<DecideResult | Outcome> {
    const created = await this.created(ref);
    if (created === undefined) return { kind: "gone" };
    const ruling = await decider(fold([created]));
    return "decide" in ruling ? this.#decide(created, ruling.decide) : ruling.outcome;
  }

  /** Appends that a copy of the question was sent. A repetition adds nothing. */
  async recordDelivered(created: CreatedEvent, copy: Copy): Promise<void> {
    const subject = requestSubject(refOf(created), eventKey.delivered(copy.endpoint, copy.copy));
    await this.#log.append(subject, deliveredEvent(created, copy));
  }

  /** Appends that an endpoint was not reached; false if that is recorded already, with whatever reason. */
  async recordUndelivered(created: CreatedEvent, endpoint: string, reason: string): Promise<boolean> {
    const subject = requestSubject(refOf(created), eventKey.undelivered(endpoint));
    const event = undeliveredEvent(created, { endpoint, reason });
    // Not with `first`: an earlier question with this id may have left its own event there, which no longer counts.
    if ((await this.#log.last(subject))?.event.id === event.id) return false;
    await this.#log.append(subject, event);
    return true;
  }

  /** Appends that a person opened the question, once for each person; false if the log no longer holds the question. */
  async recordSeen(ref: RequestRef, person: SeenEvent["data"]): Promise<boolean> {
    const created = await this.created(ref);
    if (created === undefined) return false;
    const subject = requestSubject(ref, eventKey.seen(person.person));
    const event = seenEvent(created.event, person, this.#now());
    const result = await this.#log.append(subject, event, { first: true });
    // An earlier question with this id may have left its own event there, which no longer counts.
    if (result.kind === "lost" && result.winner.event.id !== event.id) await this.#log.append(subject, event);
    return true;
  }

  /** The question, while it can still be decided. */
  async created(ref: RequestRef): Promise<LogEntry<CreatedEvent> | undefined> {
    const entry = await this.#log.last(requestSubject(ref, eventKey.created));
    return entry === undefined || this.#isGone(entry) ? undefined : asCreated(entry);
  }

  /** The decision in the log, even one that outlived its question. */
  async decision(ref: RequestRef): Promise<LogEntry<DecidedEvent> | undefined> {
    const entry = await this.#log.last(requestSubject(ref, eventKey.decided));
    return entry === undefined ? undefined : asDecided(entry);
  }

  /**
   * The request as the log holds it; without its question when that counts as gone. A caller that reacts to an event
   * passes its sequence as `heard`: the set then holds everything up to that event, and perhaps later events
   * (decision 0009).
   */
  async read(ref: RequestRef, heard?: number): Promise<RequestSet> {
    return fold(await this.entries(ref, heard));
  }

  /** The entries behind {@link read}, for a projection that stores them. */
  async entries(ref: RequestRef, heard?: number): Promise<readonly LogEntry[]> {
    const entries = await this.#entriesOf(ref, heard);
    const subject = requestSubject(ref, eventKey.created);
    return entries.filter((entry) => entry.subject !== subject || !this.#isGone(entry));
  }

  async #decide(created: LogEntry<CreatedEvent>, event: DecidedEvent): Promise<DecideResult> {
    const subject = requestSubject(refOf(created.event), eventKey.decided);
    const result = await this.#log.append(subject, event, { first: true });
    if (result.kind === "stored") {
      const decision = asDecided(result.entry);
      // A decision that an earlier try stored, here or elsewhere, has that try's time: that try counted it.
      if (decision.event.time === event.time) this.#observer?.decided(created.event, decision.event);
      return { kind: "own", decision, created: created.event };
    }
    this.#observer?.lost("decided");
    return { kind: "lost", decision: asDecided(result.winner), created: created.event };
  }

  /** If the newest event is the question, nothing else counts: older ones belong to an earlier question with this id. */
  async #entriesOf(ref: RequestRef, heard: number | undefined): Promise<readonly LogEntry[]> {
    const prefix = requestPrefix(ref);
    if (heard !== undefined) return this.#log.below(prefix, heard);
    const newest = await this.#log.newest(prefix);
    if (newest === undefined) return [];
    const isAlone = newest.subject === requestSubject(ref, eventKey.created);
    return isAlone ? [newest] : this.#log.below(prefix, newest.seq);
  }

  #isGone({ storedAt }: LogEntry): boolean {
    return this.#now().getTime() - Date.parse(storedAt) >= this.#retentionMs - GONE_BEFORE_AGE_OUT_MS;
  }
}

const asCreated = <Entry extends ParsedEntry>(entry: Entry) => entryAs("loopgate.request.created.v1", entry);
const asDecided = <Entry extends ParsedEntry>(entry: Entry) => entryAs("loopgate.request.decided.v1", entry);
