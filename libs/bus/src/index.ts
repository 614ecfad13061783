export { deadLetters, replayDeadLetter } from "./dead-letters.ts";
export { changeValue } from "./change-value.ts";
export type { Backlog, BusObserver, GivenUp } from "./bus-observer.ts";
export {
  LogFull,
  PermissionDenied,
  Rejected,
  Unavailable,
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type Consumption,
  type Delivery,
  type EventLog,
  type FollowedPage,
  type FollowOptions,
  type Handler,
  type ReplayPage,
  type Subscription,
  type TailListener,
  type Verdict,
} from "./event-log.ts";
export {
  BROWSER_SESSIONS_MS,
  CODES_MS,
  LEASE_MS,
  type Bucket,
  type BucketLifetimes,
  type BucketName,
  type KeyValue,
  type Revision,
} from "./key-value.ts";
export type { RequestQueries } from "./request-queries.ts";
export type { Timers } from "./timers.ts";
export { LOGIN_PATIENCE_MS, LoginRefused, NatsStartupError, StartupError } from "./startup-error.ts";
