import { filters, ReceivedEvent } from "@loopgate/contracts";
import { type Delivery, type EventLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import { type AnswerParts, answerAttempt } from "./answer.ts";
import { type Incoming, incomingOf } from "./incoming.ts";
import { apology, reportOf } from "./replies.ts";
import { tell } from "./tell.ts";

/** How often a message that makes us fail is tried before it is set aside for an operator. */
const MAX_ATTEMPTS = 3;

/** Handles what people sent, on any replica: decide first, tell after. */
export const startInbound = (parts: AnswerParts, log: EventLog): Promise<Subscription> =>
  log.consume(
    {
      name: `notifier-inbound-${parts.bot}`,
      filters: [filters.received("telegram", parts.bot)],
      maxAttempts: MAX_ATTEMPTS,
    },
    (delivery) => handle(parts, delivery),
  );

async function handle(parts: AnswerParts, { entry, attempt }: Delivery): Promise<Verdict> {
  const { update } = ReceivedEvent.parse(entry.event).data;
  const incoming = incomingOf(parts.bot, update, entry.storedAt);
  if (incoming === undefined) return "done";
  try {
    return await decideAndTell(parts, incoming);
  } catch (error) {
    parts.logger.warn({ update: incoming.key, attempt, err: error }, "a message could not be handled");
    const isNews = error instanceof Unavailable ? attempt === 1 : attempt >= MAX_ATTEMPTS;
    if (isNews) await tell(parts, incoming, apology(error));
    throw error;
  }
}

async function decideAndTell(parts: AnswerParts, incoming: Incoming): Promise<Verdict> {
  if (incoming.kind === "hint") {
    await tell(parts, incoming, { text: incoming.text, alert: true });
    return "done";
  }
  const outcome = await answerAttempt(parts, incoming);
  if (outcome.kind === "wait") return { retryInMs: outcome.forMs };
  await tell(parts, incoming, reportOf(outcome));
  return "done";
}
