import { isRequestId, type RequestDetails, type RequestRef } from "@loopgate/contracts";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import { requestDetailsOf } from "@loopgate/domain";
import type { RequestLog } from "./request-log.ts";

export interface RequestReaders {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
}

/**
 * The request as it is now; undefined if there is none with this id. Asks `state`. If `state` does not answer, the log
 * may still hold the request, but only both together can tell that there is none (I1).
 * @throws Unavailable if that leaves it unknown.
 */
export async function findRequest(
  { requests, queries }: RequestReaders,
  ref: RequestRef,
): Promise<RequestDetails | undefined> {
  if (!isRequestId(ref.id)) return undefined;
  try {
    const reply = await queries.status(ref);
    return reply.kind === "found" ? reply.request : undefined;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
  const logged = requestDetailsOf(await requests.read(ref));
  if (logged === undefined)
    throw new Unavailable("the log does not hold this request and its store does not answer");
  return logged;
}
