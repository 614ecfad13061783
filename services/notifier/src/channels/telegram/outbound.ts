import {
  CreatedEvent,
  creationTag,
  eventKey,
  filters,
  parseRequestSubject,
  parseTelegramEndpoint,
  type Recipient,
  type RequestRef,
  requestSubject,
  timestamp,
  traceOf,
  type UndeliveredEvent,
} from "@loopgate/contracts";
import { type Delivery, type RequestLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import { type Copy, copiesOf, createdOf, decisionOf, failedEndpointsOf, fold } from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import { closeCopy, type CopyParts, recordCopy } from "./copies.ts";
import { replyMarkup } from "./keyboard.ts";
import type { CallResult } from "./outbox.ts";
import { questionText } from "./question.ts";
import { retryAfter } from "./retry-after.ts";

export interface OutboundParts extends CopyParts {
  readonly bot: string;
  readonly requests: RequestLog;
  readonly now: () => Date;
}

/** After so many failures that are no refusal of Telegram's, the question is reported undelivered. */
const MAX_ATTEMPTS = 5;

/** A message that stands in a chat and not yet in the log, with the question it shows. */
interface Unrecorded extends Copy {
  readonly created: CreatedEvent;
}

/** Messages that wait to be recorded, by the subject of their question. */
type Outbound = OutboundParts & { readonly unrecorded: Map<string, readonly Unrecorded[]> };

/** Carries every new question to the recipients of this bot. */
export function startOutbound(parts: OutboundParts): Promise<Subscription> {
  const outbound: Outbound = { ...parts, unrecorded: new Map() };
  return parts.log.consume(
    {
      name: `notifier-outbound-${parts.bot}`,
      filters: [filters.created],
      maxInFlight: 256,
      maxAttempts: Infinity,
    },
    (delivery) => deliver(outbound, delivery),
  );
}

/** A question is never given up silently: before its entry becomes a dead letter, its recipients are `undelivered`. */
async function deliver(parts: Outbound, { entry, attempt }: Delivery): Promise<Verdict> {
  const created = CreatedEvent.safeParse(entry.event).data;
  const ref = parseRequestSubject(entry.subject);
  if (created === undefined || ref === undefined) return { deadLetter: "not a question" };
  try {
    await recordLeft(parts, entry.subject);
    const results = await settle(parts, ref);
    return retryAfter(results, attempt);
  } catch (error) {
    if (error instanceof Unavailable || attempt < MAX_ATTEMPTS) throw error;
    parts.logger.error({ ...requestFields(created), err: error }, "a question could not be sent");
    const mine = created.data.recipients.filter((recipient) => isOf(parts.bot, recipient));
    for (const { endpoint } of mine) await giveUp(parts, created, endpoint, "internal_error");
    parts.unrecorded.delete(entry.subject);
    return { deadLetter: "the question could not be sent" };
  }
}

/** What was sent, and then not taken by the log, is recorded now instead of being sent once more (I8). */
async function recordLeft(parts: Outbound, subject: string): Promise<void> {
  for (const { created, ...copy } of parts.unrecorded.get(subject) ?? []) {
    await recordCopy(parts, created, copy);
  }
  parts.unrecorded.delete(subject);
}

/** Sends to whoever has neither got the question nor failed for good; nothing to report when nobody is left. */
async function settle(parts: Outbound, ref: RequestRef): Promise<readonly CallResult<unknown>[]> {
  const set = fold(await parts.requests.read(ref));
  const created = createdOf(set)?.event;
  if (created === undefined || decisionOf(set) !== undefined) return [];
  if (created.data.expires_at <= parts.now().toISOString()) return [];
  const settled = new Set([...copiesOf(set).map(({ endpoint }) => endpoint), ...failedEndpointsOf(set)]);
  const open = created.data.recipients.filter(
    (recipient) => isOf(parts.bot, recipient) && !settled.has(recipient.endpoint),
  );
  return allOf(open.map(({ endpoint }) => send(parts, created, endpoint)));
}

/** All results, or the first error once every one has ended: whoever tries again must find nothing still running. */
async function allOf<Result>(running: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}

async function send(parts: Outbound, created: CreatedEvent, endpoint: string): Promise<CallResult<unknown>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat;
  if (chat === undefined) return { kind: "ok", result: undefined };
  const { text, entities } = questionText(created);
  const sent = await parts.outbox.call(chat, "send", () =>
    parts.api.sendMessage(chat, text, {
      entities,
      reply_markup: replyMarkup(created, chat),
      link_preview_options: { is_disabled: true },
    }),
  );
  if (sent.kind === "ok") {
    await keep(parts, created, { endpoint, copy: String(sent.result.message_id) });
    return sent;
  }
  const { failure } = sent;
  parts.logger.warn({ ...requestFields(created), endpoint, failure }, "a question was not sent");
  if (failure.kind !== "permanent") return sent;
  await giveUp(parts, created, endpoint, failure.reason);
  return { kind: "ok", result: undefined };
}

async function keep(parts: Outbound, created: CreatedEvent, copy: Copy): Promise<void> {
  try {
    await recordCopy(parts, created, copy);
  } catch (error) {
    const { tenant, subject: id } = created;
    const subject = requestSubject({ tenant, id }, eventKey.created);
    parts.unrecorded.set(subject, [...(parts.unrecorded.get(subject) ?? []), { created, ...copy }]);
    throw error;
  }
  await closeIfDecided(parts, created, copy);
}

/** Latency only: the closer would see both, too. */
async function closeIfDecided(parts: OutboundParts, created: CreatedEvent, copy: Copy): Promise<void> {
  const decision = await parts.requests.decision({ tenant: created.tenant, id: created.subject });
  if (decision !== undefined) await closeCopy(parts, copy, created, decision.event);
}

async function giveUp(
  { log, logger }: OutboundParts,
  created: CreatedEvent,
  endpoint: string,
  reason: string,
): Promise<void> {
  const { subject: id, tenant, time } = created;
  const undelivered: UndeliveredEvent = {
    specversion: "1.0",
    id: `${id}.undelivered.${endpoint}.${creationTag(id, time)}`,
    source: "loopgate",
    type: "loopgate.request.undelivered.v1",
    subject: id,
    time: timestamp(),
    tenant,
    ...traceOf(created),
    data: { endpoint, reason },
  };
  await log.append(requestSubject({ tenant, id }, eventKey.undelivered(endpoint)), undelivered);
  logger.info({ ...requestFields(created), endpoint, reason }, "undelivered");
}

const isOf = (bot: string, { endpoint }: Recipient): boolean => parseTelegramEndpoint(endpoint)?.bot === bot;
