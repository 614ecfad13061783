import { TRACEPARENT_META_KEY } from "@modelcontextprotocol/server";

/** The W3C trace context in a call's `_meta`, else the one in its HTTP header. Malformed ones are ignored. */
export const traceparentOf = (
  meta: Readonly<Record<string, unknown>> | undefined,
  header?: unknown,
): string | undefined => [meta?.[TRACEPARENT_META_KEY], header].find(isWellFormed);

const isWellFormed = (given: unknown): given is string =>
  typeof given === "string" && WELL_FORMED.test(given);

/** Version 00–fe, a trace id and a span id that are not all zeros, flags. */
const WELL_FORMED = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
