import {
  CreatedEvent,
  creationTag,
  DueEvent,
  filters,
  type LogEntry,
  parseRequestSubject,
  envelopeIn,
} from "@loopgate/contracts";
import type { EventLog, RequestLog, Subscription, Timers, Verdict } from "@loopgate/bus";
import { expiry, expiryDueAt } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";

const TIMER = "expiry";

export interface ExpiryParts {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly requests: RequestLog;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Ends every request that nobody decides in time. Both consumers never give an entry up: a lost one is pending for ever. */
export async function startExpiry(parts: ExpiryParts): Promise<Subscription> {
  const { log, timers } = parts;
  const running = new AsyncDisposableStack();
  running.use(
    await log.consume(
      { name: "state-timers", filters: [filters.created, filters.decided], maxAttempts: Infinity },
      ({ entry }) => followTimer(timers, entry),
    ),
  );
  running.use(
    await log.consume({ name: "state-expiry", filters: [filters.due], maxAttempts: Infinity }, ({ entry }) =>
      expire(parts, entry),
    ),
  );
  return running;
}

/** A question sets its timer, a decision takes it away (best effort: one that fires after a decision changes nothing). */
async function followTimer(timers: Timers, { subject, event }: LogEntry): Promise<Verdict> {
  const ref = parseRequestSubject(subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  if (ref.key !== "created") {
    await timers.cancel(ref, TIMER);
    return "done";
  }
  const created = CreatedEvent.parse(event);
  await timers.set(ref, TIMER, expiryDueAt(created), dueEvent(created));
  return "done";
}

async function expire({ requests, logger, now }: ExpiryParts, { event }: LogEntry): Promise<Verdict> {
  const due = DueEvent.parse(event);
  const created = await requests.created({ tenant: due.tenant, id: due.subject });
  if (created === undefined) return "done";
  if (creationTag(created.event.subject, created.event.time) !== due.data.tag) return "done";
  const early = Date.parse(created.event.data.expires_at) - now().getTime();
  if (early > 0) return { retryInMs: early };
  const { kind } = await requests.decide(created, expiry(created.event, now()));
  if (kind === "own") logger.info(requestFields(created.event), "expired");
  return "done";
}

function dueEvent(created: CreatedEvent): DueEvent {
  const { subject: id, time } = created;
  const tag = creationTag(id, time);
  return {
    ...envelopeIn(created),
    id: `${id}.due.${TIMER}.${tag}`,
    type: "loopgate.timer.due.v1",
    time: created.data.expires_at,
    data: { tag },
  };
}
