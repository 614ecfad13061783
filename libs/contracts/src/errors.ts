import { z } from "zod";

/** Error codes are public interface and never change; messages may. */
export const ErrorCode = z.enum([
  "not_found",
  "invalid_arguments",
  "already_decided",
  "idempotency_conflict",
  "idempotency_key_used",
  "session_inactive",
  "session_conflict",
  "recipient_not_allowed",
  "no_recipient",
  "unauthorized",
  "forbidden",
  "payload_too_large",
  "unavailable",
  "rate_limited",
  "unsupported_media_type",
  "internal_error",
  "sign_in_required",
  "code_used",
  "not_a_responder",
  "changed",
  "unknown_option",
  "text_only",
  "buttons_only",
  "empty",
]);
export type ErrorCode = z.infer<typeof ErrorCode>;
