import { CreatedEvent, parseRequestSubject } from "@loopgate/contracts";
import { type Delivery, type EventLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { QuestionSender } from "./question-sender.ts";
import { consumersOf } from "../channels/telegram/consumers.ts";
import { retryAfter } from "../channels/telegram/api/retry-after.ts";

export interface QuestionConsumerParts {
  readonly bot: string;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly courier: QuestionSender;
}

/** After so many failures that are no refusal of Telegram's, the question is reported undelivered. */
const MAX_FAILURES = 5;

/** Carries every new question to the recipients of this bot. */
export const startQuestionConsumer = (parts: QuestionConsumerParts): Promise<Subscription> =>
  parts.log.consume(consumersOf(parts.bot).outbound, (delivery) => deliver(parts, delivery));

/** A question is never given up silently: before its entry becomes a dead letter, its recipients are `undelivered`. */
async function deliver(
  parts: QuestionConsumerParts,
  { entry, attempt, failures }: Delivery,
): Promise<Verdict> {
  const created = CreatedEvent.safeParse(entry.event).data;
  const ref = parseRequestSubject(entry.subject);
  if (created === undefined || ref === undefined) return { deadLetter: "not a question" };
  try {
    const results = await parts.courier.deliver(ref, { created, seq: entry.seq, attempt });
    return untilTheEnd(parts, created, retryAfter(results, attempt));
  } catch (error) {
    if (error instanceof Unavailable || failures + 1 < MAX_FAILURES) throw error;
    parts.logger.error({ ...requestFields(created), err: error }, "a question could not be sent");
    await parts.courier.giveUp(ref);
    return { deadLetter: "the question could not be sent" };
  }
}

/** What waits longer than its question lives comes back at its end, to be recorded as `undelivered` (I1). */
function untilTheEnd({ now }: QuestionConsumerParts, { data }: CreatedEvent, verdict: Verdict): Verdict {
  if (verdict === "done" || "deadLetter" in verdict) return verdict;
  const left = Math.max(0, Date.parse(data.expires_at) - now().getTime());
  return { retryInMs: Math.min(verdict.retryInMs, left) };
}
