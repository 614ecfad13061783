import type { Envelope } from "@loopgate/contracts";

/** What every log line about a request says of it: its id, and its trace where it has one (32 hex digits). */
export const requestFields = ({ subject, traceparent }: Pick<Envelope, "subject" | "traceparent">) => ({
  request: subject,
  trace: traceIdOf(traceparent),
});

/** The trace that a W3C `traceparent` belongs to. */
export const traceIdOf = (traceparent: string | undefined): string | undefined => traceparent?.split("-")[1];
