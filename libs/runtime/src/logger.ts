import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "@loopgate/settings";
import { z } from "zod";

export type { Logger } from "pino";

/**
 * Structured logs, one JSON object a line, on stderr unless told otherwise. Give an error whole, as `err`: its name, code
 * and first line are written, because whole error objects of HTTP clients carry URLs with secrets (I9).
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

/** What may be said of an error in a log line. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** An error without stack, cause and members: those may hold URLs, payloads and message texts. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: "unknown", message: typeof error };
  const code: unknown = "code" in error ? error.code : undefined;
  const named = { name: error.name, message: redact(messageOf(error)) };
  return typeof code === "string" || typeof code === "number" ? { ...named, code } : named;
}

/** The first line; not what a text that could not be read holds. */
function messageOf(error: Error): string {
  if (error instanceof SyntaxError) return "a text could not be read";
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, code }) => `${path.join(".")}: ${code}`).join(", ");
  return error.message.split("\n", 1)[0] ?? "";
}

/** Hides what has the shape of a bot token, an API key or credentials in a URL. */
export const redact = (text: string): string =>
  text
    .replaceAll(/\d{5,}:[A-Za-z0-9_-]{20,}/g, "<bot token>")
    .replaceAll(/lk_pub_[0-9a-f]{16,}/g, "<api key>")
    .replaceAll(/\/\/[^/@\s]+@/g, "//<credentials>@");
