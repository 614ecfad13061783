import { DEFAULT_TENANT, isRequestId, type RequestDetails } from "@loopgate/contracts";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import { type RequestLog } from "@loopgate/requests";
import { requestDetailsOf } from "@loopgate/domain";

export interface RequestReaders {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
}

/**
 * The request as it stands; undefined when nobody has this id. Asks `state`; when nobody answers there, the log alone
 * may still know the request, but "no such request" takes both (I1).
 * @throws Unavailable when that leaves it unknown.
 */
export async function findRequest(
  { requests, queries }: RequestReaders,
  id: string,
): Promise<RequestDetails | undefined> {
  if (!isRequestId(id)) return undefined;
  const ref = { tenant: DEFAULT_TENANT, id };
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
