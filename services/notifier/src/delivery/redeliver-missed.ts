import { ReceivedEvent, DEFAULT_TENANT } from "@loopgate/contracts";
import type { Bucket, Delivery, EventLog, Subscription, Verdict } from "@loopgate/bus";
import { chatChangeOf } from "../channels/telegram/updates/chat-change.ts";
import type { QuestionSender } from "./question-sender.ts";
import type { RecipientPolicy } from "@loopgate/domain";
import { chatOf, isAllowedUnder, namesOf, recordMove } from "../channels/telegram/moved-chats.ts";
import type { OpenQuestions } from "../outage/open-questions.ts";
import { consumersOf } from "../channels/telegram/consumers.ts";
import { retryAfter } from "../channels/telegram/api/retry-after.ts";

export interface MissedRedeliveryParts {
  readonly bot: string;
  readonly log: EventLog;
  readonly channels: Bucket;
  readonly openQuestions: OpenQuestions;
  readonly policies: () => readonly RecipientPolicy[];
  readonly courier: QuestionSender;
}

/**
 * Brings a chat the open questions that it has missed, once it takes messages again: after a person has unblocked the bot
 * or pressed Start, a group has taken it back, or a group has become a supergroup, where the old messages are lost.
 */
export const startMissedRedelivery = (parts: MissedRedeliveryParts): Promise<Subscription> =>
  parts.log.consume(consumersOf(parts.bot).returns, (delivery) => bringMissed(parts, delivery));

async function bringMissed(parts: MissedRedeliveryParts, { entry, attempt }: Delivery): Promise<Verdict> {
  const change = chatChangeOf(parts.bot, ReceivedEvent.safeParse(entry.event).data?.data.update);
  if (change === undefined) return "done";
  if (change.kind === "moved") await recordMove(parts.channels, change.from, change.to);
  const names = await namesOf(parts.channels, change.kind === "moved" ? change.to : change.endpoint);
  if (!isAllowedUnder(names, parts.policies())) return "done";
  const { questions } = await parts.openQuestions.in(names);
  const isBack = (endpoint: string) => names.includes(chatOf(endpoint));
  const results = await Promise.all(
    questions.map(({ view }) =>
      parts.courier.bringBack({ tenant: DEFAULT_TENANT, id: view.request_id }, isBack),
    ),
  );
  return retryAfter(results.flat(), attempt);
}
