import { ReceivedEvent } from "@loopgate/contracts";
import { type Delivery, type EventLog, type Subscription, Unavailable, type Verdict } from "@loopgate/bus";
import { type AnswerParts, answerAttempt } from "./answer.ts";
import { answerCommand, type CommandParts } from "../channels/telegram/commands.ts";
import { type Incoming, incomingOf } from "../channels/telegram/updates/incoming.ts";
import { notHandled, notSaved, reportOf } from "../channels/telegram/rendering/replies.ts";
import { consumersOf } from "../channels/telegram/consumers.ts";
import { answerPress, tell } from "../channels/telegram/tell.ts";

/** How often a message that makes us fail is tried before its sender is told and it is set aside for an operator. */
const MAX_FAILURES = 3;

export interface AnswerConsumerParts extends AnswerParts, CommandParts {
  /** The name by which people address this bot. */
  readonly username: string;
}

/** Handles what people sent, on any replica: decide first, tell after. */
export const startAnswerConsumer = (parts: AnswerConsumerParts, log: EventLog): Promise<Subscription> =>
  log.consume(consumersOf(parts.bot).inbound, (delivery) => handle(parts, delivery));

async function handle(parts: AnswerConsumerParts, { entry, attempt, failures }: Delivery): Promise<Verdict> {
  const received = ReceivedEvent.safeParse(entry.event).data;
  const incoming = incomingOf(
    { id: parts.bot, username: parts.username },
    received?.data.update,
    entry.storedAt,
  );
  if (incoming === undefined) return "done";
  if (incoming.kind === "unreadable") {
    if (incoming.query !== undefined) await answerPress(parts, incoming.query, notHandled);
    return { deadLetter: "an update of unknown shape" };
  }
  try {
    return await decideAndTell(parts, incoming);
  } catch (error) {
    const request = pressedRequestOf(incoming);
    parts.logger.warn(
      { update: incoming.key, request, attempt, err: error },
      "a message could not be handled",
    );
    if (error instanceof Unavailable) {
      if (attempt === 1) await tell(parts, incoming, notSaved);
      throw error;
    }
    if (failures + 1 < MAX_FAILURES) throw error;
    await tell(parts, incoming, notHandled);
    return { deadLetter: "a message that could not be handled" };
  }
}

async function decideAndTell(parts: AnswerConsumerParts, incoming: Incoming): Promise<Verdict> {
  if (incoming.kind === "hint") {
    await tell(parts, incoming, { text: incoming.text, alert: true });
    return "done";
  }
  if (incoming.kind === "command") {
    await tell(parts, incoming, await answerCommand(parts, incoming));
    return "done";
  }
  const outcome = await answerAttempt(parts, incoming);
  if (outcome.kind === "wait") return { retryInMs: outcome.forMs };
  parts.metrics.answers.inc({ outcome: outcome.kind === "refused" ? outcome.reason : outcome.kind });
  await tell(parts, incoming, reportOf(outcome));
  return "done";
}

/** A button names its request; of other messages it is not known before the log was asked. */
function pressedRequestOf(incoming: Incoming): string | undefined {
  if (incoming.kind !== "answer" || "text" in incoming.choice) return undefined;
  return incoming.choice.button.requestId;
}
