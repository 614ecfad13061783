import type { Delivery, EventLog, Subscription, Verdict } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Channel } from "@loopgate/requests";
import { updateIn } from "../received-update.ts";
import { consumersOf } from "../consumers.ts";
import type { OpenQuestions } from "../open-questions.ts";
import type { QuestionSender } from "./question-sender.ts";
import { retryAfter } from "../retry-after.ts";

export interface MissedRedeliveryOptions {
  readonly channel: Channel;
  readonly log: EventLog;
  readonly openQuestions: OpenQuestions;
  readonly policies: () => readonly RecipientPolicy[];
  readonly questions: QuestionSender;
}

/** Once a place can take messages again, or has another name, sends it the open questions that it missed. */
export const startMissedRedelivery = (options: MissedRedeliveryOptions): Promise<Subscription> =>
  options.log.consume(consumersOf(options.channel).missedQuestions, (delivery) =>
    redeliver(options, delivery),
  );

async function redeliver(
  { channel, openQuestions, policies, questions }: MissedRedeliveryOptions,
  { entry, attempt }: Delivery,
): Promise<Verdict> {
  const places = await channel.reopenedPlaces(updateIn(entry));
  if (places === undefined) return "done";
  if (!policies().some((policy) => places.some((place) => policy.allows(place)))) return "done";
  const open = await openQuestions.at(places);
  const canReceive = (endpoint: string) => places.includes(channel.placeOf(endpoint));
  const results = await Promise.all(
    open.questions.map(({ view, recipients }) =>
      questions.redeliver({ tenant: channel.tenant, id: view.request_id }, recipients, canReceive),
    ),
  );
  return retryAfter(results.flat(), attempt);
}
