import {
  creationTag,
  type CreatedEvent,
  eventKey,
  requestSubject,
  timestamp,
  envelopeIn,
  type UndeliveredEvent,
} from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { NotifierMetrics } from "../notifier-metrics.ts";

/** A recipient that the question did not reach, and why: a word of ours. */
export interface Miss {
  readonly endpoint: string;
  readonly reason: string;
}

interface RecordParts {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
}

/** Records that a recipient was not reached; the first reason stands. */
export async function recordUndelivered(
  { log, logger, metrics }: RecordParts,
  created: CreatedEvent,
  { endpoint, reason }: Miss,
): Promise<void> {
  const { subject: id, tenant, time } = created;
  const undelivered: UndeliveredEvent = {
    ...envelopeIn(created),
    id: `${id}.undelivered.${endpoint}.${creationTag(id, time)}`,
    type: "loopgate.request.undelivered.v1",
    time: timestamp(),
    data: { endpoint, reason },
  };
  const subject = requestSubject({ tenant, id }, eventKey.undelivered(endpoint));
  // Not as the first on its subject: what an earlier question of this id left there is void.
  if ((await log.last(subject))?.event.id === undelivered.id) return;
  await log.append(subject, undelivered);
  logger.info({ ...requestFields(created), endpoint, reason }, "undelivered");
  metrics.undelivered.inc({ reason });
}
