import type { ErrorCode, RequestView } from "@loopgate/contracts";

/** Why a call was not done: a stable code, and a sentence that names the next step. Never holds a caller's text. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** The request as it stands, when that is why. */
  readonly request?: RequestView;
  /** One sentence for each problem of the arguments. */
  readonly problems?: readonly string[];
}

export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
}

export const refused = (code: ErrorCode, message: string, request?: RequestView): Refused => ({
  kind: "refused",
  refusal: { code, message, ...(request === undefined ? {} : { request }) },
});

export const invalidArguments = (problems: readonly string[]): Refused => ({
  kind: "refused",
  refusal: {
    code: "invalid_arguments",
    message: `The arguments were not accepted: ${problems.join("; ")}. Correct them and call again.`,
    problems,
  },
});

export const notFound = (): Refused =>
  refused("not_found", "No request has this id. list_pending_requests names the open ones.");
