export {
  cancellation,
  expiry,
  decideAnswer,
  expiryDueAt,
  type Attempt,
  type AttemptResult,
  type Refusal,
} from "./decisions.ts";
export { isApproval, type OfferedOption } from "./effects.ts";
export { promptOf, type OfferedPrompt, type PromptResult } from "./prompt.ts";
export {
  isChatAllowed,
  isStillAllowed,
  recipientAt,
  type RecipientPolicy,
  type RecipientResult,
} from "./recipients.ts";
export {
  copiesOf,
  createdOf,
  decisionOf,
  failedEndpointsOf,
  fold,
  merge,
  type Copy,
  type RequestSet,
} from "./request-set.ts";
export { requestDetailsOf, viewOf } from "./view.ts";
