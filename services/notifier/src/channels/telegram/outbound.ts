import {
  CreatedEvent,
  creationTag,
  eventKey,
  filters,
  parseRequestSubject,
  parseTelegramEndpoint,
  type Recipient,
  requestSubject,
  timestamp,
  type UndeliveredEvent,
} from "@loopgate/contracts";
import { type Delivery, type RequestLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import { copiesOf, createdOf, decisionOf, failedEndpointsOf, fold } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import { closeCopy, type CopyParts, recordCopy } from "./copies.ts";
import { replyMarkup } from "./keyboard.ts";
import type { CallResult } from "./outbox.ts";
import { questionText } from "./question.ts";

export interface OutboundParts extends CopyParts {
  readonly bot: string;
  readonly requests: RequestLog;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** After so many failures that are no refusal of Telegram's, the question is reported undelivered. */
const MAX_ATTEMPTS = 5;
const TRANSIENT_RETRY_MS = 2_000;
const UNAUTHORIZED_RETRY_MS = 30_000;

/** Carries every new question to the recipients of this bot. */
export const startOutbound = (parts: OutboundParts): Promise<Subscription> =>
  parts.log.consume(
    {
      name: `notifier-outbound-${parts.bot}`,
      filters: [filters.created],
      maxInFlight: 256,
      maxAttempts: Infinity,
    },
    (delivery) => deliver(parts, delivery),
  );

/** A question is never given up silently: before its entry becomes a dead letter, its recipients are `undelivered`. */
async function deliver(parts: OutboundParts, { entry, attempt }: Delivery): Promise<Verdict> {
  const created = CreatedEvent.parse(entry.event);
  try {
    return await settle(parts, entry.subject);
  } catch (error) {
    if (error instanceof Unavailable || attempt < MAX_ATTEMPTS) throw error;
    parts.logger.error({ request: created.subject, err: error }, "a question could not be sent");
    const mine = created.data.recipients.filter((recipient) => isOf(parts.bot, recipient));
    for (const { endpoint } of mine) await giveUp(parts, created, endpoint, "internal_error");
    return { deadLetter: "the question could not be sent" };
  }
}

/** Sends to whoever has neither got the question nor failed for good; done when nobody is left. */
async function settle(parts: OutboundParts, subject: string): Promise<Verdict> {
  const ref = parseRequestSubject(subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  const set = fold(await parts.requests.read(ref));
  const created = createdOf(set)?.event;
  if (created === undefined || decisionOf(set) !== undefined) return "done";
  if (created.data.expires_at <= parts.now().toISOString()) return "done";
  const settled = new Set([...copiesOf(set).map(({ endpoint }) => endpoint), ...failedEndpointsOf(set)]);
  const open = created.data.recipients.filter(
    (recipient) => isOf(parts.bot, recipient) && !settled.has(recipient.endpoint),
  );
  return retryAfter(await Promise.all(open.map(({ endpoint }) => send(parts, created, endpoint))));
}

async function send(
  parts: OutboundParts,
  created: CreatedEvent,
  endpoint: string,
): Promise<CallResult<unknown>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat;
  if (chat === undefined) return { kind: "ok", result: undefined };
  const { text, entities } = questionText(created);
  const sent = await parts.outbox.call(chat, "send", () =>
    parts.api.sendMessage(chat, text, {
      entities,
      reply_markup: replyMarkup(created),
      link_preview_options: { is_disabled: true },
    }),
  );
  if (sent.kind === "ok") {
    const copy = { endpoint, copy: String(sent.result.message_id) };
    await recordCopy(parts, created, copy);
    await closeIfDecided(parts, created, copy);
    return sent;
  }
  const { failure } = sent;
  parts.logger.warn({ request: created.subject, endpoint, failure }, "a question was not sent");
  if (failure.kind !== "permanent") return sent;
  await giveUp(parts, created, endpoint, failure.reason);
  return { kind: "ok", result: undefined };
}

/** Latency only: the closer would see both, too. */
async function closeIfDecided(
  parts: OutboundParts,
  created: CreatedEvent,
  copy: { endpoint: string; copy: string },
): Promise<void> {
  const decision = await parts.requests.decision({ tenant: created.tenant, id: created.subject });
  if (decision !== undefined) await closeCopy(parts, copy, created, decision.event);
}

async function giveUp(
  { log }: OutboundParts,
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
    data: { endpoint, reason },
  };
  await log.append(requestSubject({ tenant, id }, eventKey.undelivered(endpoint)), undelivered);
}

const isOf = (bot: string, { endpoint }: Recipient): boolean => parseTelegramEndpoint(endpoint)?.bot === bot;

/** Done when every call came through or never will; otherwise again when the last hindrance may be over. */
export function retryAfter(results: readonly CallResult<unknown>[]): Verdict {
  const waits = results.flatMap((result) => (result.kind === "failed" ? waitOf(result.failure) : []));
  return waits.length === 0 ? "done" : { retryInMs: Math.max(...waits) };
}

function waitOf(failure: Extract<CallResult<unknown>, { kind: "failed" }>["failure"]): number | readonly [] {
  switch (failure.kind) {
    case "throttled":
      return failure.retryInMs;
    case "transient":
      return TRANSIENT_RETRY_MS;
    case "unauthorized":
      return UNAUTHORIZED_RETRY_MS;
    case "permanent":
      return [];
  }
}
