import { filters, parseRequestSubject, parseTelegramEndpoint } from "@loopgate/contracts";
import type { Delivery, EventLog, RequestLog, Subscription, Verdict } from "@loopgate/bus";
import { copiesOf, createdOf, decisionOf, fold } from "@loopgate/domain";
import { closeCopy, type CopyParts } from "./copies.ts";
import { retryAfter } from "./retry-after.ts";

export interface CloserParts extends CopyParts {
  readonly bot: string;
  readonly requests: RequestLog;
}

/**
 * Closes every recorded copy of a decided request. It reads the whole request on each `decided` and on each `delivered`:
 * whichever is later sees both, so that no copy stays open (design 3.1).
 */
export const startCloser = (parts: CloserParts, log: EventLog): Promise<Subscription> =>
  log.consume(
    { name: `notifier-closer-${parts.bot}`, filters: [filters.decided, filters.delivered], maxInFlight: 256 },
    (delivery) => close(parts, delivery),
  );

async function close(parts: CloserParts, { entry, attempt }: Delivery): Promise<Verdict> {
  const ref = parseRequestSubject(entry.subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  const set = fold(await parts.requests.read(ref));
  const created = createdOf(set)?.event;
  const decided = decisionOf(set)?.event;
  if (created === undefined || decided === undefined) return "done";
  const mine = copiesOf(set).filter(({ endpoint }) => parseTelegramEndpoint(endpoint)?.bot === parts.bot);
  const results = await Promise.all(mine.map((copy) => closeCopy(parts, copy, created, decided)));
  return retryAfter(results, attempt);
}
