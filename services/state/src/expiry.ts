import {
  type CreatedEvent,
  type DueEvent,
  dueEvent,
  entryAs,
  filters,
  type LogEntry,
  parseDueSubject,
  parseRequestSubject,
  refOf,
  tagOf,
} from "@loopgate/contracts";
import type { EventLog, Subscription, Timers, Verdict } from "@loopgate/bus";
import { createdOf, expiry, expiryDueAt, hasEnded, type RequestSet } from "@loopgate/domain";
import type { RequestLog, Ruling } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";

const EXPIRY_TIMER = "expiry";

export interface ExpiryOptions {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly requests: RequestLog;
  readonly logger: Logger;
  readonly now: () => Date;
}

/**
 * Ends every request that is not decided in time. Both consumers retry an entry without limit: giving one up would leave
 * its request pending.
 */
export async function startExpiry(options: ExpiryOptions): Promise<Subscription> {
  const { log, timers } = options;
  const running = new AsyncDisposableStack();
  running.use(
    await log.consume(
      { name: "state-timers", filters: [filters.created, filters.decided], maxAttempts: Infinity },
      ({ entry }) => followTimer(timers, entry),
    ),
  );
  running.use(
    await log.consume({ name: "state-expiry", filters: [filters.due], maxAttempts: Infinity }, ({ entry }) =>
      dispatchTimer(options, entry),
    ),
  );
  return running;
}

/** A question sets its timer. A decision cancels it, best effort: a timer that fires after a decision changes nothing. */
async function followTimer(timers: Timers, entry: LogEntry): Promise<Verdict> {
  const ref = parseRequestSubject(entry.subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  if (ref.key !== "created") {
    await timers.cancel(ref, EXPIRY_TIMER);
    return "done";
  }
  const created = entryAs("loopgate.request.created.v1", entry).event;
  await timers.set(ref, EXPIRY_TIMER, expiryDueAt(created), dueEvent(created, EXPIRY_TIMER));
  return "done";
}

/** Timers of other names belong to other rules; a later version may have set one. */
async function dispatchTimer(options: ExpiryOptions, entry: LogEntry): Promise<Verdict> {
  const timer = parseDueSubject(entry.subject)?.name;
  if (timer !== EXPIRY_TIMER) return { deadLetter: "a timer that this version does not know" };
  return expire(options, entryAs("loopgate.timer.due.v1", entry).event);
}

async function expire({ requests, logger, now }: ExpiryOptions, due: DueEvent): Promise<Verdict> {
  const result = await requests.decide<Verdict>(refOf(due), (set) => rule(set, due, now()));
  if (typeof result !== "object" || !("kind" in result)) return result;
  if (result.kind === "own") logger.info(requestFields(result.created), "expired");
  return "done";
}

function rule(set: RequestSet, due: DueEvent, now: Date): Ruling<Verdict> {
  const created: CreatedEvent | undefined = createdOf(set)?.event;
  if (created === undefined || tagOf(created) !== due.data.tag) return { outcome: "done" };
  if (hasEnded(created, now)) return { decide: expiry(created, now) };
  return { outcome: { retryInMs: Date.parse(created.data.expires_at) - now.getTime() } };
}
