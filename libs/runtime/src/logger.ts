import type { Envelope } from "@loopgate/contracts";
import type { LogLevel } from "@loopgate/settings";
import { type DestinationStream, type Logger, pino } from "pino";
import { z } from "zod";

export type { Logger } from "pino";

/**
 * A logger that writes one JSON object per line, by default to stderr. Pass an error as `err`: only its name, code and
 * the first line of its message are written, because error objects of HTTP clients contain URLs with secrets (I9).
 */
export function createLogger(
  service: string,
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination,
  );
}

/** The fields that every log line about a request has: its id, and the id of its trace (32 hex digits) if it has one. */
export const requestFields = ({ subject, traceparent }: Pick<Envelope, "subject" | "traceparent">) => ({
  request: subject,
  trace: traceIdOf(traceparent),
});

/** The trace id in a W3C `traceparent`. */
export const traceIdOf = (traceparent: string | undefined): string | undefined => traceparent?.split("-")[1];

/** What a log line may contain about an error. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** Omits stack, cause and other members, which may contain URLs, payloads and message texts. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: "unknown", message: typeof error };
  const code: unknown = "code" in error ? error.code : undefined;
  const named = { name: error.name, message: redact(messageOf(error)) };
  return typeof code === "string" || typeof code === "number" ? { ...named, code } : named;
}

/** The first line of the message. The messages of parsers quote their input, so they are replaced. */
function messageOf(error: Error): string {
  if (error instanceof SyntaxError) return "a text could not be parsed";
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, code }) => `${path.join(".")}: ${code}`).join(", ");
  return error.message.split("\n", 1)[0] ?? "";
}

/** Replaces whatever looks like the token of a channel's account, an API key or credentials in a URL. */
export const redact = (text: string): string =>
  text
    .replaceAll(/\d{5,}:[A-Za-z0-9_-]{20,}/g, "<token>")
    .replaceAll(/lk_pub_[0-9a-f]{16,}/g, "<api key>")
    .replaceAll(/\/\/[^/@\s]+@/g, "//<credentials>@");
