export {
  apiError,
  type ApiError,
  type ApiFailure,
  type ArgumentProblem,
  describeProblem,
  invalidArguments,
  logIsFull,
  noSuchRequest,
} from "./api-error.ts";
export { createApp } from "./app.ts";
export { CallFailed } from "./exceptions.ts";
export {
  type Authentication,
  type Authenticator,
  type Challenge,
  firstOf,
  type Refusal,
} from "./authenticator.ts";
export {
  type Caller,
  type KeyCaller,
  keyIdOf,
  LOCAL_CALLER,
  type PersonCaller,
  type Scope,
  scopes,
} from "./caller.ts";
export { sendProblem, statuses } from "./problem.ts";
export { readContextOf } from "./read-context.ts";
export { addReadingRoutes } from "./reading-routes.ts";
export type { ReadContext, RequestReader } from "./request-reader.ts";
export { RateExceeded } from "./rate-limits.ts";
export { isNamedBy, isVisibleTo, resourceOf } from "./request-resource.ts";
export {
  callerOf,
  enforceRouteAccess,
  keyCallerOf,
  personCallerOf,
  probePaths,
  type Reject,
} from "./route-access.ts";
export { addV1, isV1, speakJson, type V1, type WebExtension } from "./v1-scope.ts";
