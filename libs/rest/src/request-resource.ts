import { creationTag, type RequestDetails, type RequestResource } from "@loopgate/contracts";
import type { Caller, PersonCaller } from "./caller.ts";

/** The request as this caller sees it. Recipients stay out: they name other people. */
export function resourceOf(details: RequestDetails, caller: Caller): RequestResource {
  const { view, options, metadata, key_id, action } = details;
  return {
    ...view,
    tag: creationTag(view.request_id, view.created_at),
    options,
    ...(metadata === undefined ? {} : { metadata }),
    ...(key_id === undefined ? {} : { key_id }),
    ...(action === undefined ? {} : { action }),
    ...(caller.kind === "key" ? {} : { can_answer: view.status === "pending" && isNamedBy(details, caller) }),
  };
}

/** Programs see every request of their tenant, people those that name them; auditors and admins see all. */
export function isVisibleTo(caller: Caller, details: RequestDetails): boolean {
  return caller.kind === "key" || seesAll(caller) || isNamedBy(details, caller);
}

export const seesAll = ({ roles }: PersonCaller): boolean =>
  roles.includes("auditor") || roles.includes("admin");

/** True if the request asks this person. */
export const isNamedBy = ({ recipients }: RequestDetails, { principals }: PersonCaller): boolean =>
  recipients.some(({ responders }) => responders.some((responder) => principals.includes(responder)));
