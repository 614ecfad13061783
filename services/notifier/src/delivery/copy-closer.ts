import { DeliveredEvent, parseRequestSubject, parseTelegramEndpoint } from "@loopgate/contracts";
import type { Bucket, Delivery, EventLog, RequestLog, Subscription, Verdict } from "@loopgate/bus";
import { type Copy, copiesOf, createdOf, decisionOf, fold } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import { closeCopy } from "../channels/telegram/close-copy.ts";
import type { ChatQueue } from "../channels/telegram/api/chat-queue.ts";
import { isLong } from "../channels/telegram/rendering/question.ts";
import { retryAfter } from "../channels/telegram/api/retry-after.ts";
import { consumersOf } from "../channels/telegram/consumers.ts";
import { sendFile } from "../channels/telegram/send-file.ts";

export interface CopyCloserParts {
  readonly bot: string;
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly copies: Bucket;
  readonly logger: Logger;
}

/**
 * Closes every recorded copy of a decided request. On each `decided` and on each `delivered` it reads all that was stored of
 * the request up to there: whichever is later sees both, so that no copy stays open (design 3.1). A `delivered` that finds its question open sends
 * the file of a long one: a crash may repeat the file, never the question.
 */
export const startCopyCloser = (parts: CopyCloserParts): Promise<Subscription> =>
  parts.log.consume(consumersOf(parts.bot).closer, (delivery) => close(parts, delivery));

async function close(parts: CopyCloserParts, { entry, attempt }: Delivery): Promise<Verdict> {
  const ref = parseRequestSubject(entry.subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  // What was put off may have been overtaken by a decision since.
  const set = fold(await parts.requests.read(ref, attempt === 1 ? entry.seq : undefined));
  const created = createdOf(set)?.event;
  const decided = decisionOf(set)?.event;
  if (created === undefined) return "done";
  const isMine = ({ endpoint }: Copy) => parseTelegramEndpoint(endpoint)?.bot === parts.bot;
  if (decided === undefined) {
    const copy = DeliveredEvent.safeParse(entry.event).data?.data;
    const needsFile = copy !== undefined && isMine(copy) && isLong(created);
    return needsFile ? retryAfter([await sendFile(parts, copy, created)], attempt) : "done";
  }
  const mine = copiesOf(set).filter(isMine);
  const results = await Promise.all(mine.map((copy) => closeCopy(parts, copy, created, decided)));
  return retryAfter(results, attempt);
}
