import {
  copyKey,
  creationTag,
  type CreatedEvent,
  type DeliveredEvent,
  eventKey,
  RecordedCopy,
  type RequestRef,
  requestSubject,
  timestamp,
  envelopeIn,
} from "@loopgate/contracts";
import type { Bucket, EventLog } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { NotifierMetrics } from "../notifier-metrics.ts";
import { chatOf } from "../channels/telegram/moved-chats.ts";

export interface CopyParts {
  readonly log: EventLog;
  readonly copies: Bucket;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
}

/** Records a message that was just sent: first for typed replies, then in the log, where it ends the send's retries. */
export async function recordCopy(
  parts: CopyParts,
  created: CreatedEvent,
  { endpoint, copy }: Copy,
): Promise<void> {
  const { subject: id, tenant, time } = created;
  const tag = creationTag(id, time);
  const recorded: RecordedCopy = { tenant, request_id: id, tag };
  await parts.copies.create(copyKey(chatOf(endpoint), copy), JSON.stringify(recorded));
  const delivered: DeliveredEvent = {
    ...envelopeIn(created),
    id: `${id}.delivered.${endpoint}.${copy}.${tag}`,
    type: "loopgate.request.delivered.v1",
    time: timestamp(),
    data: { endpoint, copy },
  };
  await parts.log.append(requestSubject({ tenant, id }, eventKey.delivered(endpoint, copy)), delivered);
  parts.logger.info({ ...requestFields(created), endpoint, copy }, "delivered");
  parts.metrics.deliveries.inc();
}

/** The request that a message shows, if that message was recorded. */
export async function requestShownBy(
  copies: Bucket,
  { endpoint, copy }: Copy,
): Promise<(RequestRef & { tag: string }) | undefined> {
  const found = await copies.get(copyKey(chatOf(endpoint), copy));
  if (found === undefined) return undefined;
  const { tenant, request_id: id, tag } = RecordedCopy.parse(JSON.parse(found.value));
  return { tenant, id, tag };
}
