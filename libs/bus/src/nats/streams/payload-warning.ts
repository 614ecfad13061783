import { LARGEST_EVENT_BYTES } from "../../rejected.ts";

/** What is wrong with the server's limit for a message, as a message with the next step; undefined if nothing is. */
export function payloadWarning(maxPayload: number | undefined): string | undefined {
  if (maxPayload === undefined || maxPayload >= LARGEST_EVENT_BYTES) return undefined;
  return (
    `NATS accepts messages of at most ${maxPayload} bytes, and the largest question needs ${LARGEST_EVENT_BYTES}: ` +
    "larger ones are refused until max_payload is raised"
  );
}
