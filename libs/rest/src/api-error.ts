import type { ErrorCode, RequestDetails } from "@loopgate/contracts";

/** Why a call failed: a stable code, and a sentence that ends with the next step. Never contains the caller's text. */
export interface ApiError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The request as it is now, if its state is the reason. */
  readonly request?: RequestDetails;
  /** Each problem with the arguments. */
  readonly problems?: readonly ArgumentProblem[];
}

export interface ArgumentProblem {
  /** The names and indexes that lead to the argument; empty for the arguments as a whole. */
  readonly path: readonly (string | number)[];
  /** Follows the argument's name, such as "must be a list". */
  readonly detail: string;
}

export interface ApiFailure {
  readonly kind: "error";
  readonly error: ApiError;
}

export const apiError = (code: ErrorCode, message: string, request?: RequestDetails): ApiFailure => ({
  kind: "error",
  error: { code, message, ...(request === undefined ? {} : { request }) },
});

export const invalidArguments = (problems: readonly ArgumentProblem[]): ApiFailure => ({
  kind: "error",
  error: {
    code: "invalid_arguments",
    message: `The arguments were not accepted: ${problems.map(describeProblem).join("; ")}. Correct them and call again.`,
    problems,
  },
});

/** Such as "options.0.label: is required". */
export const describeProblem = ({ path, detail }: ArgumentProblem): string =>
  `${path.length === 0 ? "arguments" : path.join(".")}: ${detail}`;

/** For every call but a question, whose own sentence says that nothing was asked. */
export const logIsFull = (): ApiFailure =>
  apiError(
    "unavailable",
    "Loopgate's log is full, so nothing was changed: tell the operator to make room, and call again later.",
  );

export const noSuchRequest = (): ApiFailure =>
  apiError("not_found", "No request has this id: compare it with the list of pending requests.");
