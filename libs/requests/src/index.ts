export { AnswerRecorder, type AnswerOutcome, type IncomingAnswer } from "./answer-recorder.ts";
export { ReceivedStore, type ReceivedStoreOptions } from "./received-store.ts";
export { findRequest, type RequestReaders } from "./find-request.ts";
export {
  RequestLog,
  type DecideResult,
  type RequestLogOptions,
  type Ruling,
  type SubmitResult,
} from "./request-log.ts";
export type {
  AnswerMessage,
  CallFailure,
  CallResult,
  Channel,
  ChannelSender,
  ContinuationMessage,
  HeldLease,
  Incoming,
  Notice,
  Outage,
  Receiver,
  RejectionReason,
} from "./channel.ts";
