import { GrammyError, HttpError } from "grammy";

/** What a failed call to Telegram means for its caller (docs/invariants.md#telegram-errors). */
export type Failure =
  /** Nothing was done: try again after this time. */
  | { readonly kind: "throttled"; readonly retryInMs: number }
  /** Try again; the call may have been carried out all the same. */
  | { readonly kind: "transient" }
  /** The token no longer works: keep everything until an operator has mended it. */
  | { readonly kind: "unauthorized" }
  /** The chat has another id, permanently. */
  | { readonly kind: "moved"; readonly chat: string }
  /** It can never work; `reason` is one word of ours, never Telegram's text. */
  | { readonly kind: "permanent"; readonly reason: string };

/** Classifies a failure by code and parameters. Texts only refine that, because Telegram may change them. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HttpError) return { kind: "transient" };
  if (!(error instanceof GrammyError)) throw error;
  const { error_code, parameters, description } = error;
  if (error_code === 429) return { kind: "throttled", retryInMs: (parameters.retry_after ?? 1) * 1_000 };
  if (error_code === 401 || error_code === 404) return { kind: "unauthorized" };
  if (error_code === undefined || error_code >= 500) return { kind: "transient" };
  if (error_code === 409) return { kind: "transient" };
  const { migrate_to_chat_id: chat } = parameters;
  if (chat !== undefined) return { kind: "moved", chat: String(chat) };
  return {
    kind: "permanent",
    reason: error_code === 403 ? forbiddenBy(description) : rejectedBy(description),
  };
}

/** True if an edit failed because the message shows that text already: the edit has succeeded before. */
export const isNotModified = (error: unknown): boolean =>
  error instanceof GrammyError && error.error_code === 400 && /not modified/i.test(error.description);

/** True if Telegram rejected the content: it may accept a plainer form. */
export const isRejected = (failure: Failure): boolean =>
  failure.kind === "permanent" && failure.reason === "rejected";

/** True if the message to edit was deleted, or can no longer be edited. */
export const isMessageGone = (failure: Failure): boolean =>
  failure.kind === "permanent" && failure.reason === "message_gone";

function forbiddenBy(description: string): string {
  if (/blocked/i.test(description)) return "blocked";
  if (/deactivated/i.test(description)) return "user_deactivated";
  if (/initiate/i.test(description)) return "never_started";
  return /kicked|not a member|deleted/i.test(description) ? "removed_from_chat" : "forbidden";
}

function rejectedBy(description: string): string {
  if (/chat not found/i.test(description)) return "chat_not_found";
  if (/thread not found|topic_closed|topic_deleted/i.test(description)) return "topic_gone";
  if (/message to edit not found|message can't be edited|message_id_invalid/i.test(description))
    return "message_gone";
  return /rights|write_forbidden/i.test(description) ? "no_rights" : "rejected";
}
