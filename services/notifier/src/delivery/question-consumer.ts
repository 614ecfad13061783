import { type CreatedEvent, entryAs, parseRequestSubject } from "@loopgate/contracts";
import { type Delivery, type EventLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import type { Channel } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import { consumersOf } from "../consumers.ts";
import type { QuestionSender } from "./question-sender.ts";

export interface QuestionConsumerOptions {
  readonly channel: Channel;
  readonly log: EventLog;
  readonly questions: QuestionSender;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** After this many failures that neither the log nor the provider caused, a question is recorded as undelivered. */
const MAX_FAILURES = 5;

/** Delivers every new question to its recipients at this channel's account. */
export const startQuestionConsumer = (options: QuestionConsumerOptions): Promise<Subscription> =>
  options.log.consume(consumersOf(options.channel).questions, (delivery) => deliver(options, delivery));

/** Before the entry of a question becomes a dead letter, its recipients are recorded as undelivered. */
async function deliver(
  { questions, logger, now }: QuestionConsumerOptions,
  { entry, failures }: Delivery,
): Promise<Verdict> {
  const ref = parseRequestSubject(entry.subject);
  if (ref === undefined || entry.known?.type !== "loopgate.request.created.v1")
    return { deadLetter: "not a question" };
  const created = entryAs("loopgate.request.created.v1", entry).event;
  try {
    const verdict = await questions.deliver(ref, { created, seq: entry.seq });
    return noLaterThanTheEnd(verdict, created, now());
  } catch (error) {
    if (error instanceof Unavailable || failures + 1 < MAX_FAILURES) throw error;
    logger.error({ ...requestFields(created), err: error }, "a question could not be sent");
    await questions.giveUp(ref, created);
    return { deadLetter: "the question could not be sent" };
  }
}

/** A question that would be tried again only after its end is tried at its end, to be recorded as undelivered (I1). */
function noLaterThanTheEnd(verdict: Verdict, { data }: CreatedEvent, now: Date): Verdict {
  if (verdict === "done" || "deadLetter" in verdict) return verdict;
  const leftMs = Math.max(0, Date.parse(data.expires_at) - now.getTime());
  return { retryInMs: Math.min(verdict.retryInMs, leftMs) };
}
