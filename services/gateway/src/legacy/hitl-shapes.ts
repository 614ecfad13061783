import type { RequestDetails, RequestView } from "@loopgate/contracts";

/** The original's words for a request's status. */
export const statuses = {
  pending: "pending",
  decided: "completed",
  expired: "timeout",
  cancelled: "canceled",
} as const;

/** The answer to a poll. What nobody approved reads as not approved. */
export const pollOf = ({ status, response, approved, request_id }: RequestView) => ({
  status: statuses[status],
  ...(response === undefined || response === "" ? {} : { response }),
  approved: approved === true,
  request_id,
  completed: status !== "pending",
});

/** A pending request as the original lists it, and when it ends. */
export function pendingRequestOf({ view, options, metadata }: RequestDetails) {
  const lifeMs = Date.parse(view.expires_at) - Date.parse(view.created_at);
  return {
    id: view.request_id,
    session_id: view.session_id,
    client_id: view.client_id,
    message: view.message,
    request_type: view.request_type,
    ...(options.length === 0 ? {} : { options: options.map(({ label }) => label) }),
    timeout_seconds: Math.round(lifeMs / 1_000),
    ...(metadata === undefined ? {} : { metadata }),
    status: statuses[view.status],
    approved: view.approved === true,
    created_at: view.created_at,
    expires_at: view.expires_at,
  };
}
