export { copyKey, RecordedCopy, resultKey } from "./copy.ts";
export {
  botIdOf,
  isGroupChat,
  isServiceAccount,
  parseTelegramEndpoint,
  telegramEndpoint,
  telegramResponder,
  type TelegramEndpoint,
} from "./endpoints.ts";
export { Envelope, envelopeIn, timestamp, type LogEntry, type Stored } from "./envelope.ts";
export { ErrorCode } from "./errors.ts";
export {
  Answer,
  CreatedEvent,
  DeadLetterEvent,
  DecidedBy,
  DecidedEvent,
  DeliveredEvent,
  DueEvent,
  Effect,
  Option,
  parseRequestEntry,
  Prompt,
  ReceivedEvent,
  Recipient,
  RequestType,
  UndeliveredEvent,
  type RequestEvent,
} from "./events.ts";
export {
  creationTag,
  fingerprint,
  isRequestId,
  keyedRequestId,
  keyToken,
  newRequestId,
  type SubmissionKey,
} from "./ids.ts";
export {
  CancelCommand,
  CancelReply,
  RequestDetails,
  ListQuery,
  ListReply,
  QueryAnswer,
  StatusQuery,
  StatusReply,
} from "./queries.ts";
export { Session, sessionKey } from "./session.ts";
export {
  committedSubject,
  deadLetterSubject,
  DEFAULT_TENANT,
  dueSubject,
  eventKey,
  filters,
  parseRequestSubject,
  querySubject,
  receivedSubject,
  requestPrefix,
  requestSubject,
  streams,
  subjectMatches,
  timerSubject,
  type RequestRef,
} from "./subjects.ts";
export { RequestStatus, RequestView } from "./view.ts";
