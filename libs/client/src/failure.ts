import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import { LoopgateError } from "./loopgate-error.ts";

/** HTTP statuses with which a gateway refuses a caller. */
const refusals: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ["unauthorized", "Loopgate wants an API key that it knows: pass one as apiKey to connect()."],
  403: ["forbidden", "Loopgate does not serve this key, or not under this host name: ask its operator."],
  413: ["payload_too_large", "The question is too large: send less."],
};

/** What an error of the official client means. Whatever is no answer is `unavailable`: worth another try. */
export function failureOf(error: unknown): unknown {
  if (error instanceof ProtocolError) return error;
  if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) return error;
  const refusal = error instanceof SdkHttpError ? refusals[error.status] : undefined;
  if (refusal !== undefined) return new LoopgateError(...refusal, { cause: error });
  return unreachable(error);
}

/** For a call that got no answer of Loopgate's. */
export function unreachable(error: unknown): LoopgateError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `Loopgate can't be reached (${reason}): start it, or correct its address.`;
  return new LoopgateError("unavailable", message, { cause: error });
}
