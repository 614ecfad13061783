import { creationTag, type RequestDetails, type RequestResource } from "@loopgate/contracts";
import type { Caller, PersonCaller } from "./caller.ts";

/** The request as this caller sees it. Recipients stay out: they name other people. */
export function resourceOf(
  { view, options, metadata, recipients }: RequestDetails,
  caller: Caller,
): RequestResource {
  return {
    ...view,
    tag: creationTag(view.request_id, view.created_at),
    options,
    ...(metadata === undefined ? {} : { metadata }),
    ...(caller.kind === "key"
      ? {}
      : { can_answer: view.status === "pending" && isNamed(caller, recipients) }),
  };
}

/** Programs see every request of their tenant, people those that name them; auditors and admins see all. */
export function isVisibleTo(caller: Caller, { recipients }: RequestDetails): boolean {
  return (
    caller.kind === "key" ||
    caller.roles.includes("auditor") ||
    caller.roles.includes("admin") ||
    isNamed(caller, recipients)
  );
}

const isNamed = ({ principals }: PersonCaller, recipients: RequestDetails["recipients"]): boolean =>
  recipients.some(({ responders }) => responders.some((responder) => principals.includes(responder)));
