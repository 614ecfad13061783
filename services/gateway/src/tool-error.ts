import type { ErrorCode, RequestView } from "@loopgate/contracts";

/** Why a call failed: a stable code, and a sentence that ends with the next step. Never contains the caller's text. */
export interface ToolError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The request as it is now, if its state is the reason. */
  readonly request?: RequestView;
  /** One sentence for each problem with the arguments. */
  readonly problems?: readonly string[];
}

export interface ToolFailure {
  readonly kind: "error";
  readonly error: ToolError;
}

export const toolError = (code: ErrorCode, message: string, request?: RequestView): ToolFailure => ({
  kind: "error",
  error: { code, message, ...(request === undefined ? {} : { request }) },
});

export const invalidArguments = (problems: readonly string[]): ToolFailure => ({
  kind: "error",
  error: {
    code: "invalid_arguments",
    message: `The arguments were not accepted: ${problems.join("; ")}. Correct them and call again.`,
    problems,
  },
});

/** For every call but a question, whose own sentence says that nothing was asked. */
export const logIsFull = (): ToolFailure =>
  toolError(
    "unavailable",
    "Loopgate's log is full, so nothing was changed: tell the operator to make room, and call again later.",
  );

export const notFound = (): ToolFailure =>
  toolError("not_found", "No request has this id: list_pending_requests lists the pending ones.");
