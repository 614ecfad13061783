import {
  type CreatedEvent,
  type DecidedEvent,
  type RequestDetails,
  type RequestStatus,
  type RequestView,
  webInbox,
} from "@loopgate/contracts";
import { isApproval } from "./effects.ts";
import { copiesOf, createdOf, decisionOf, failuresOf, type RequestSet, wasSeen } from "./request-set.ts";

/** How long an agent should wait before it looks again, in seconds (docs/interface.md#tools). */
const pollAfterSeconds = { queued: 5, delivered: 5, undelivered: 30 } as const;

/** The request as agents see it; undefined while the set does not hold its question. */
export function viewOf(set: RequestSet): RequestView | undefined {
  const created = createdOf(set)?.event;
  if (created === undefined) return undefined;
  const decided = decisionOf(set)?.event;
  const delivery = deliveryOf(set, created);
  const reason = delivery === "undelivered" ? reasonsOf(set, created) : "";
  return {
    request_id: created.subject,
    status: statusOf(decided),
    request_type: created.data.prompt.kind,
    session_id: created.data.session_id,
    client_id: created.data.client_id,
    message: created.data.prompt.message,
    ...(created.data.action_digest === undefined ? {} : { action_digest: created.data.action_digest }),
    created_at: created.time,
    expires_at: created.data.expires_at,
    delivery,
    ...(reason === "" ? {} : { delivery_reason: reason }),
    approved: approvedBy(created, decided),
    ...(decided === undefined ? { poll_after_seconds: pollAfterSeconds[delivery] } : endOf(decided)),
  };
}

/** The request as services exchange it. */
export function requestDetailsOf(set: RequestSet): RequestDetails | undefined {
  const view = viewOf(set);
  const created = createdOf(set)?.event.data;
  if (view === undefined || created === undefined) return undefined;
  const { fingerprint, key_id, metadata, action, prompt, recipients } = created;
  return {
    view,
    fingerprint,
    options: prompt.options,
    recipients,
    ...(key_id === undefined ? {} : { key_id }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(action === undefined ? {} : { action }),
  };
}

export function statusOf(decided: DecidedEvent | undefined): RequestStatus {
  if (decided === undefined) return "pending";
  return decided.data.kind === "answered" ? "decided" : decided.data.kind;
}

/** `true` only for a chosen option that approves; `false` for an approval that expired or was cancelled (I4). */
function approvedBy(created: CreatedEvent, decided: DecidedEvent | undefined): boolean | null {
  if (decided === undefined) return null;
  if (decided.data.kind !== "answered") return isApproval(created.data.prompt.options) ? false : null;
  const { answer } = decided.data;
  if (answer.type === "text" || answer.effect === "neutral") return null;
  return answer.effect === "approve";
}

/** What the view says of a decision. */
export function endOf({ data, time }: DecidedEvent): Partial<RequestView> {
  const end = { decided_at: time, decided_by: data.by };
  if (data.kind !== "answered") return data.reason === undefined ? end : { ...end, reason: data.reason };
  const { answer } = data;
  if (answer.type === "text") {
    const typed = { ...end, outcome: "answered", response: answer.text } as const;
    return answer.truncated === true ? { ...typed, response_truncated: true } : typed;
  }
  const chosen = { ...end, outcome: outcomes[answer.effect], response: answer.value };
  return answer.comment === undefined ? chosen : { ...chosen, comment: answer.comment };
}

const outcomes = { approve: "approved", deny: "denied", neutral: "answered" } as const;

/**
 * `delivered` if any copy arrived or a person has opened it in the inbox, `undelivered` if all recipients failed to
 * which a message is sent, else `queued`. The inbox has the question from the start: nothing is sent there.
 */
function deliveryOf(set: RequestSet, created: CreatedEvent): RequestView["delivery"] {
  if (copiesOf(set).length > 0 || wasSeen(set)) return "delivered";
  const { recipients } = created.data;
  const sentTo = recipients.filter(({ channel }) => channel !== webInbox.channel);
  const isInInbox = sentTo.length < recipients.length;
  if (isInInbox && sentTo.length === 0) return "delivered";
  const failed = failuresOf(set);
  if (sentTo.every(({ endpoint }) => failed.has(endpoint))) return "undelivered";
  return isInInbox ? "delivered" : "queued";
}

/** Why each recipient was not reached; a reason that several share is named once. */
function reasonsOf(set: RequestSet, { data }: CreatedEvent): string {
  const failures = failuresOf(set);
  return [...new Set(data.recipients.flatMap(({ endpoint }) => failures.get(endpoint) ?? []))].join(", ");
}
