import { type LogEntry, parsedEntry, timestamp } from "@loopgate/contracts";
import type { JsMsg, StoredMsg } from "@nats-io/jetstream";

/** Undefined if the message is not an event: no process of ours stored it, and none can handle it. */
export function readEntry(message: StoredMsg | JsMsg): LogEntry | undefined {
  try {
    const { seq, subject } = message;
    const entry = parsedEntry({ seq, subject, event: message.json() });
    return { ...entry, storedAt: timestamp(timeOf(message)) };
  } catch {
    return undefined;
  }
}

const timeOf = (message: StoredMsg | JsMsg): Date =>
  "timestampNanos" in message ? new Date(Number(message.timestampNanos / 1_000_000n)) : message.time;
