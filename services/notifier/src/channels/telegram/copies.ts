import {
  copyKey,
  creationTag,
  type CreatedEvent,
  type DecidedEvent,
  type DeliveredEvent,
  eventKey,
  parseTelegramEndpoint,
  RecordedCopy,
  type RequestRef,
  requestSubject,
  timestamp,
  traceOf,
} from "@loopgate/contracts";
import type { Bucket, EventLog } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Api } from "grammy";
import { isNotModified } from "./api-outcome.ts";
import { noButtons } from "./keyboard.ts";
import type { CallResult, Outbox } from "./outbox.ts";
import { verdictText } from "./question.ts";

export interface CopyParts {
  readonly api: Api;
  readonly outbox: Outbox;
  readonly log: EventLog;
  readonly copies: Bucket;
  readonly logger: Logger;
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
  await parts.copies.create(copyKey(endpoint, copy), JSON.stringify(recorded));
  const delivered: DeliveredEvent = {
    specversion: "1.0",
    id: `${id}.delivered.${endpoint}.${copy}.${tag}`,
    source: "loopgate",
    type: "loopgate.request.delivered.v1",
    subject: id,
    time: timestamp(),
    tenant,
    ...traceOf(created),
    data: { endpoint, copy },
  };
  await parts.log.append(requestSubject({ tenant, id }, eventKey.delivered(endpoint, copy)), delivered);
  parts.logger.info({ ...requestFields(created), endpoint, copy }, "delivered");
}

/** The request that a message shows, if that message was recorded. */
export async function requestShownBy(
  copies: Bucket,
  { endpoint, copy }: Copy,
): Promise<(RequestRef & { tag: string }) | undefined> {
  const found = await copies.get(copyKey(endpoint, copy));
  if (found === undefined) return undefined;
  const { tenant, request_id: id, tag } = RecordedCopy.parse(JSON.parse(found.value));
  return { tenant, id, tag };
}

/**
 * Edits a copy to show the verdict and takes its buttons away. A copy that shows it already, or that a person has deleted,
 * is closed.
 */
export async function closeCopy(
  { api, outbox, logger }: Pick<CopyParts, "api" | "outbox" | "logger">,
  { endpoint, copy }: Copy,
  created: CreatedEvent,
  decided: DecidedEvent,
): Promise<CallResult<void>> {
  const place = parseTelegramEndpoint(endpoint);
  if (place === undefined) return { kind: "ok", result: undefined };
  const { text, entities } = verdictText(created, decided);
  return outbox.call(place.chat, "edit", async () => {
    try {
      await api.editMessageText(place.chat, Number(copy), text, {
        entities,
        reply_markup: noButtons,
        link_preview_options: { is_disabled: true },
      });
    } catch (error) {
      if (!isNotModified(error)) throw error;
    }
    logger.debug({ ...requestFields(created), endpoint, copy }, "copy closed");
  });
}
