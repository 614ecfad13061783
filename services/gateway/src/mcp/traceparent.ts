import { TRACEPARENT_META_KEY } from "@modelcontextprotocol/server";

/** The W3C trace context of a call, if it is well-formed: anything else is not passed on. */
export function traceparentOf(meta: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const given = meta?.[TRACEPARENT_META_KEY];
  return typeof given === "string" && WELL_FORMED.test(given) ? given : undefined;
}

/** Version 00–fe, a trace and a span that are not all zeros, flags. */
const WELL_FORMED = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
