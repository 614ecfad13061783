export { actionDigest } from "./action-digest.ts";
export { Action } from "./action.ts";
export { seconds, text } from "./arguments.ts";
export { fingerprint } from "./fingerprint.ts";
export { Envelope, timestamp } from "./envelope.ts";
export { ErrorCode } from "./errors.ts";
export {
  clientOf,
  createdEvent,
  deadLetterEvent,
  decidedEvent,
  deliveredEvent,
  dueEvent,
  receivedEvent,
  refOf,
  seenEvent,
  tagOf,
  undeliveredEvent,
  unstorableEvent,
  type NewQuestion,
} from "./event-constructors.ts";
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
  isRequestEvent,
  parseEvent,
  Prompt,
  ReceivedEvent,
  Recipient,
  RequestType,
  SeenEvent,
  UndeliveredEvent,
  type KnownEvent,
  type RequestEvent,
} from "./events.ts";
export {
  clientHash,
  creationTag,
  isKeyedRequestId,
  isRequestId,
  keyedRequestId,
  keyToken,
  newRequestId,
  type SubmissionKey,
} from "./ids.ts";
export {
  CancelCommand,
  CancelReply,
  COUNTED_TO,
  CountReply,
  isKnownToAll,
  ListQuery,
  ListReply,
  MAX_PRINCIPALS,
  QueryAnswer,
  RequestDetails,
  RequestFilter,
  StatusQuery,
  StatusReply,
  TimelineReply,
} from "./queries.ts";
export { entryAs, eventOf, parsedEntry, type LogEntry, type ParsedEntry, type Stored } from "./log-entry.ts";
export { webInbox } from "./web.ts";
export { Session, sessionKey } from "./session.ts";
export {
  committedSubject,
  deadLetterSubject,
  DEFAULT_TENANT,
  dueSubject,
  eventKey,
  filters,
  makeRoomSubject,
  parseDueSubject,
  parseRequestSubject,
  querySubject,
  receivedSubject,
  requestPrefix,
  requestSubject,
  reserveSubjects,
  streams,
  subjectMatches,
  timerSubject,
  type RequestRef,
} from "./subjects.ts";
export { RequestOutcome, RequestStatus, RequestView, TimelineEntry } from "./view.ts";
export {
  CancelBody,
  IdempotencyHeader,
  ListParameters,
  RequestPath,
  WaitParameters,
  FilterParameters,
} from "./v1/parameters.ts";
export { Problem } from "./v1/problem.ts";
export { QuestionBody } from "./v1/question.ts";
export { RequestPage, RequestResource, Timeline } from "./v1/request.ts";
export { type NamedRecipient, type RecipientFormat, SessionPath, sessionSchemas } from "./v1/session.ts";
