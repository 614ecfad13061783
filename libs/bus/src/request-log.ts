import {
  CreatedEvent,
  DecidedEvent,
  eventKey,
  type LogEntry,
  requestPrefix,
  type RequestRef,
  requestSubject,
  type Stored,
} from "@loopgate/contracts";
import type { BusObserver } from "./bus-observer.ts";
import type { EventLog } from "./event-log.ts";

/** The last day of an event's retention: see {@link RequestLog}. */
const GONE_BEFORE_AGE_OUT_MS = 24 * 60 * 60 * 1000;

export interface RequestLogOptions {
  readonly log: EventLog;
  /** How long the log keeps an event. */
  readonly retentionMs: number;
  readonly now?: () => Date;
  readonly observer?: Pick<BusObserver, "decided" | "lost">;
}

export type SubmitResult =
  | { readonly kind: "created"; readonly created: Stored<CreatedEvent> }
  | { readonly kind: "exists"; readonly created: Stored<CreatedEvent> };

/** `own`: the event given is the decision, now or by an earlier try. `gone`: too old to be decided by anybody. */
export type DecideResult =
  | { readonly kind: "own"; readonly decision: Stored<DecidedEvent> }
  | { readonly kind: "lost"; readonly decision: Stored<DecidedEvent> }
  | { readonly kind: "gone" };

/**
 * The rules of design 3.1 that hold whoever appends: `created` and `decided` are first on their subject; all reads are
 * as new as the leader, or as the event that they react to; nobody decides a request whose `created` has left the log or
 * will within a day, because after its age-out the log would take a second decision.
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
   * @throws LogFull when only the room for decisions is left: nothing was asked.
   */
  async submit(ref: RequestRef, event: CreatedEvent): Promise<SubmitResult> {
    const subject = requestSubject(ref, eventKey.created);
    const result = await this.#log.append(subject, event, { first: true, reserveHeadroom: true });
    if (result.kind === "stored") return { kind: "created", created: asCreated(result.entry) };
    this.#observer?.lost("created");
    return { kind: "exists", created: asCreated(result.winner) };
  }

  /** Appends the decision if it is the first of a request that is still open to one. */
  async decide(created: LogEntry<CreatedEvent>, event: DecidedEvent): Promise<DecideResult> {
    if (this.#isGone(created)) return { kind: "gone" };
    const ref = { tenant: created.event.tenant, id: created.event.subject };
    const result = await this.#log.append(requestSubject(ref, eventKey.decided), event, { first: true });
    if (result.kind === "stored") {
      const decision = asDecided(result.entry);
      // What an earlier try stored, here or elsewhere, has that try's time.
      if (decision.event.time === event.time) this.#observer?.decided(created.event, decision.event);
      return { kind: "own", decision };
    }
    this.#observer?.lost("decided");
    return { kind: "lost", decision: asDecided(result.winner) };
  }

  /** The question, while it can still be decided. */
  async created(ref: RequestRef): Promise<LogEntry<CreatedEvent> | undefined> {
    const entry = await this.#log.last(requestSubject(ref, eventKey.created));
    return entry === undefined || this.#isGone(entry) ? undefined : asCreated(entry);
  }

  /** The decision in the log. */
  async decision(ref: RequestRef): Promise<LogEntry<DecidedEvent> | undefined> {
    const entry = await this.#log.last(requestSubject(ref, eventKey.decided));
    return entry === undefined ? undefined : asDecided(entry);
  }

  /**
   * What the log holds of this request; without its `created` when that counts as gone. Whoever reacts to an event of it
   * names its sequence as `heard`: all up to that event is there then, and what came later perhaps (decision 0009).
   */
  async read(ref: RequestRef, heard?: number): Promise<readonly LogEntry[]> {
    const entries = await this.#entriesOf(ref, heard);
    const subject = requestSubject(ref, eventKey.created);
    return entries.filter((entry) => entry.subject !== subject || !this.#isGone(entry));
  }

  /** A question that nothing followed is all there is: what is older belongs to an earlier one under the same key. */
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

const asCreated = <Entry extends Stored>(entry: Entry) => ({
  ...entry,
  event: CreatedEvent.parse(entry.event),
});

const asDecided = <Entry extends Stored>(entry: Entry) => ({
  ...entry,
  event: DecidedEvent.parse(entry.event),
});
