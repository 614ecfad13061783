import { TRACEPARENT_META_KEY } from "@modelcontextprotocol/server";

/** The W3C trace context that a call's `_meta` names, else the one of its HTTP header; what is not well-formed is not passed on. */
export const traceparentOf = (
  meta: Readonly<Record<string, unknown>> | undefined,
  header?: unknown,
): string | undefined => [meta?.[TRACEPARENT_META_KEY], header].find(isWellFormed);

const isWellFormed = (given: unknown): given is string =>
  typeof given === "string" && WELL_FORMED.test(given);

/** Version 00–fe, a trace and a span that are not all zeros, flags. */
const WELL_FORMED = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
