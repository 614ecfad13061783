import type { RequestResource } from "@loopgate/contracts/v1/request";

let count = 0;

/** A waiting approval that asks this person; with another id each time. */
export function aRequest(given: Partial<RequestResource> = {}): RequestResource {
  count += 1;
  return {
    request_id: `0193-${String(count).padStart(4, "0")}`,
    status: "pending",
    request_type: "confirmation",
    session_id: "deploy",
    client_id: "ci-agent",
    message: "Deploy v2?",
    created_at: "2026-11-30T14:01:34.000Z",
    expires_at: "2026-11-30T14:06:34.000Z",
    delivery: "delivered",
    approved: null,
    tag: "tag-1",
    options: [
      { value: "Approve", label: "Approve", effect: "approve" },
      { value: "Deny", label: "Deny", effect: "deny" },
    ],
    can_answer: true,
    ...given,
  };
}

/** The same request, approved by Alice in Telegram. */
export const approved = (request: RequestResource): RequestResource => ({
  ...request,
  status: "decided",
  outcome: "approved",
  approved: true,
  response: "Approve",
  decided_at: "2026-11-30T14:02:11.000Z",
  decided_by: { type: "human", name: "Alice Kim", channel: "telegram" },
  can_answer: false,
});
