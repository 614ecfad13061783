import type { RequestDetails, RequestView } from "@loopgate/contracts";
import type { AnswerOutcome } from "@loopgate/requests";
import { apiError, type ApiFailure } from "@loopgate/rest";

type Reason = Extract<AnswerOutcome, { readonly kind: "rejected" }>["reason"];

/** Why an answer was not taken, and the next step. */
export function refusedAnswer(reason: Reason): ApiFailure {
  switch (reason) {
    case "not_a_recipient":
    case "not_a_responder":
    case "not_allowed":
      return apiError(
        "not_a_responder",
        "You may not answer this request here: it asks other people, or elsewhere.",
      );
    case "closed":
      return apiError(
        "changed",
        "This is not the question that was read, or it can no longer be answered: load the request again.",
      );
    case "unsupported_policy":
      return apiError(
        "unavailable",
        "This question needs several answers, which this version can't count: answer it with a newer one.",
      );
    case "unknown_option":
      return apiError("unknown_option", "The question has no such option: choose one of its options.");
    case "text_only":
      return apiError("text_only", "The question has no options: answer it with a text.");
    case "buttons_only":
      return apiError("buttons_only", "The question is answered by one of its options: choose one.");
    case "empty":
      return apiError("empty", "The answer is blank: type one.");
  }
}

/** The answer changed nothing, because another decision was first. */
export const lateAnswer = (request: RequestDetails): ApiFailure =>
  apiError("already_decided", `${endOf(request.view)}: your answer changed nothing.`, request);

function endOf({ status, decided_at, decided_by, response, outcome }: RequestView): string {
  if (status === "expired") return `The request expired at ${decided_at}`;
  if (status === "cancelled") return `The request was cancelled at ${decided_at}`;
  const { name = "A person", channel } = decided_by ?? {};
  const what = outcome === "answered" || response === undefined ? "answered" : outcome;
  return `${name} ${what} this at ${decided_at}${channel === undefined ? "" : `, by ${channel}`}`;
}
