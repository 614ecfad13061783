export {
  cancellation,
  decideAnswer,
  expiry,
  expiryDueAt,
  hasEnded,
  isSameAnswer,
  recipientsOf,
  type Attempt,
  type AttemptResult,
  type Rejection,
} from "./decisions.ts";
export { isApproval, type OfferedOption } from "./effects.ts";
export { hasGlyph, withMarks } from "./glyphs.ts";
export { promptOf, type OfferedPrompt, type PromptResult } from "./prompt.ts";
export {
  eitherPolicy,
  type NoRecipient,
  type RecipientPolicy,
  type RecipientResult,
  type RecipientsResult,
} from "./recipients.ts";
export {
  copiesOf,
  createdOf,
  decisionOf,
  failedEndpointsOf,
  fold,
  merge,
  mergeSets,
  type Copy,
  type RequestSet,
} from "./request-set.ts";
export { timelineOf } from "./timeline.ts";
export { endOf, requestDetailsOf, statusOf, viewOf } from "./view.ts";
