import type { RequestResource } from "@loopgate/contracts/v1/request";

/** The requests that a page knows, and the rows that it shows, in their order. */
export interface InboxList {
  readonly requests: ReadonlyMap<string, RequestResource>;
  readonly shown: readonly string[];
}

export const emptyList: InboxList = { requests: new Map(), shown: [] };

/**
 * Takes requests in, newest state first. While the list is held (the pointer or the focus is on it), its rows keep their
 * places: new ones wait until {@link settle}, and ended ones stay to show how they ended.
 */
export function receive(list: InboxList, incoming: readonly RequestResource[], isHeld: boolean): InboxList {
  const requests = new Map(list.requests);
  for (const request of incoming) {
    const known = requests.get(request.request_id);
    requests.set(request.request_id, known === undefined ? request : newest(known, request));
  }
  const received = { requests, shown: list.shown };
  return isHeld && list.shown.length > 0 ? received : settle(received);
}

/** Puts every waiting request in its place, soonest end first, and removes the others. */
export const settle = ({ requests }: InboxList): InboxList => ({
  requests,
  shown: [...requests.values()]
    .filter(isWaiting)
    .toSorted((a, b) => Date.parse(a.expires_at) - Date.parse(b.expires_at))
    .map(({ request_id }) => request_id),
});

export const rowsOf = ({ requests, shown }: InboxList): readonly RequestResource[] =>
  shown.flatMap((id) => requests.get(id) ?? []);

/** Waiting requests that have no row yet. */
export const newCount = ({ requests, shown }: InboxList): number =>
  [...requests.values()].filter((request) => isWaiting(request) && !shown.includes(request.request_id))
    .length;

/** Requests that wait for this person. */
export const countForMe = ({ requests }: InboxList): number =>
  [...requests.values()].filter((request) => isWaiting(request) && isForMe(request)).length;

export const isWaiting = ({ status }: RequestResource): boolean => status === "pending";

/** False for a request that only others may answer, and that this person may see. */
export const isForMe = ({ can_answer }: RequestResource): boolean => can_answer === true;

/** The row to go to from another: the neighbour that waits, below first. Undefined if none waits. */
export function nextWaiting(list: InboxList, from: string): string | undefined {
  const rows = rowsOf(list);
  const index = rows.findIndex(({ request_id }) => request_id === from);
  return [...rows.slice(index + 1), ...rows.slice(0, Math.max(index, 0)).toReversed()].find(isWaiting)
    ?.request_id;
}

/**
 * A decision is final, so a pending state that it overtook changes nothing. A key may be asked again under the same id
 * much later: then the later question counts. An ended request does not tell whom it asked, so that is kept.
 */
function newest(known: RequestResource, incoming: RequestResource): RequestResource {
  if (incoming.tag !== known.tag) return incoming.created_at > known.created_at ? incoming : known;
  if (isWaiting(incoming)) return isWaiting(known) ? { ...known, ...incoming } : known;
  return { ...known, ...incoming, can_answer: isForMe(known) };
}
