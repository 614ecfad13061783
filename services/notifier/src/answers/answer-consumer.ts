import { type Delivery, type EventLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import type { AnswerMessage, Channel, Incoming } from "@loopgate/requests";
import type { Logger } from "@loopgate/runtime";
import { consumersOf } from "../consumers.ts";
import type { NotifierMetrics } from "../notifier-metrics.ts";
import type { Answers } from "./answers.ts";
import type { LongTexts } from "./long-texts.ts";
import { updateIn } from "../received-update.ts";

/** A message whose handling fails this often becomes a dead letter, and its sender is told. */
const MAX_FAILURES = 3;

export interface AnswerConsumerOptions {
  readonly channel: Channel;
  readonly log: EventLog;
  readonly answers: Answers;
  readonly longTexts: LongTexts;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
}

/** Handles what people sent, on any replica: records an answer first, tells the person after. */
export const startAnswerConsumer = (options: AnswerConsumerOptions): Promise<Subscription> =>
  options.log.consume(consumersOf(options.channel).answers, (delivery) => handle(options, delivery));

async function handle(
  options: AnswerConsumerOptions,
  { entry, attempt, failures }: Delivery,
): Promise<Verdict> {
  const incoming = options.channel.read(updateIn(entry), entry.storedAt);
  if (incoming === undefined) return "done";
  if (incoming.kind === "unreadable") {
    await incoming.tell({ kind: "not_handled" });
    return { deadLetter: "an update of unknown shape" };
  }
  try {
    return await react(options, incoming);
  } catch (error) {
    const fields = { update: incoming.key, request: requestOf(incoming), attempt, err: error };
    options.logger.warn(fields, "a message could not be handled");
    if (error instanceof Unavailable) {
      if (attempt === 1) await incoming.tell({ kind: "not_saved" });
      throw error;
    }
    if (failures + 1 < MAX_FAILURES) throw error;
    await incoming.tell({ kind: "not_handled" });
    return { deadLetter: "a message that could not be handled" };
  }
}

async function react(
  options: AnswerConsumerOptions,
  incoming: Exclude<Incoming, { readonly kind: "unreadable" }>,
): Promise<Verdict> {
  switch (incoming.kind) {
    case "answer":
      return decide(options, incoming);
    case "continuation":
      await options.longTexts.keep(incoming);
      return "done";
    case "other":
      await incoming.respond();
      return "done";
  }
}

async function decide({ answers, metrics }: AnswerConsumerOptions, message: AnswerMessage): Promise<Verdict> {
  const outcome = await answers.handle(message);
  if (outcome.kind === "wait") return { retryInMs: outcome.forMs };
  metrics.answers.inc({ outcome: outcome.kind === "rejected" ? outcome.reason : outcome.kind });
  await message.tell(outcome);
  return "done";
}

/** A button names its request. Which request a typed text answers is mostly known only once the copy is looked up. */
const requestOf = (incoming: Incoming): string | undefined =>
  incoming.kind === "answer" ? incoming.choice.request?.id : undefined;
