import { type LogEntry, parseRequestSubject } from "@loopgate/contracts";
import type { Delivery, EventLog, Subscription, Verdict } from "@loopgate/bus";
import { copiesOf, createdOf, decisionOf } from "@loopgate/domain";
import type { Channel, ChannelSender, RequestLog } from "@loopgate/requests";
import { consumersOf } from "../consumers.ts";
import type { CopyClosings } from "./copy-closings.ts";
import { retryAfter } from "../retry-after.ts";

export interface CopyCloserOptions {
  readonly channel: Channel;
  readonly sender: ChannelSender;
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly closings: CopyClosings;
}

/**
 * Closes every recorded copy of a decided request. On each `decided` and each `delivered` it reads everything up to
 * that event: the later of the two sees both, so that no copy stays open (docs/invariants.md#rules). On the
 * `delivered` of an open question it sends what did not fit into the message: a crash may repeat that, but not the
 * question.
 */
export const startCopyCloser = (options: CopyCloserOptions): Promise<Subscription> =>
  options.log.consume(consumersOf(options.channel).copyCloser, (delivery) => close(options, delivery));

async function close(
  { channel, sender, requests, closings }: CopyCloserOptions,
  { entry, attempt }: Delivery,
): Promise<Verdict> {
  const ref = parseRequestSubject(entry.subject);
  if (ref === undefined) return { deadLetter: "not a request's subject" };
  // Between two attempts the request may have been decided: the leader knows.
  const set = await requests.read(ref, attempt === 1 ? entry.seq : undefined);
  const created = createdOf(set)?.event;
  const decided = decisionOf(set)?.event;
  if (created === undefined) return "done";
  if (decided === undefined) {
    const copy = copyIn(entry);
    if (copy === undefined || !channel.owns(copy.endpoint)) return "done";
    return retryAfter([await sender.sendRest(copy, created)], attempt);
  }
  const copies = copiesOf(set).filter(({ endpoint }) => channel.owns(endpoint));
  const results = await Promise.all(copies.map((copy) => closings.close(sender, copy, { created, decided })));
  return retryAfter(results, attempt);
}

const copyIn = ({ known }: LogEntry) =>
  known?.type === "loopgate.request.delivered.v1" ? known.data : undefined;
