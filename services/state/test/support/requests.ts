import {
  CreatedEvent,
  type DecidedEvent,
  type DeliveredEvent,
  eventKey,
  newRequestId,
  type ParsedEntry,
  parsedEntry,
  refOf,
  requestSubject,
} from "@loopgate/contracts";
import { cancellation } from "@loopgate/domain";

export interface CreatedOptions {
  readonly id?: string;
  readonly session?: string;
  readonly client?: string;
  readonly at?: Date;
  readonly timeoutMs?: number;
  readonly message?: string;
}

/** A question with defaults; approval, one recipient. */
export function aCreated({
  id = newRequestId(),
  session = "s",
  client = "c",
  at = new Date(),
  timeoutMs = 300_000,
  message = "m",
}: CreatedOptions = {}): CreatedEvent {
  return CreatedEvent.parse({
    specversion: "1.0",
    id: `${id}.created.${at.getTime()}`,
    source: "test",
    type: "loopgate.request.created.v1",
    subject: id,
    time: at.toISOString(),
    tenant: "default",
    data: {
      session_id: session,
      client_id: client,
      prompt: {
        kind: "confirmation",
        message,
        options: [{ value: "Approve", label: "Approve", effect: "approve" }],
      },
      recipients: [{ channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] }],
      policy: { required: 1 },
      expires_at: new Date(at.getTime() + timeoutMs).toISOString(),
      fingerprint: "f",
    },
  });
}

export const aDecided = (created: CreatedEvent): DecidedEvent =>
  cancellation(created, "cancel.test", new Date(), "enough");

export const aDelivered = (created: CreatedEvent, copy: string): DeliveredEvent => ({
  ...created,
  id: `${created.subject}.delivered.${copy}`,
  type: "loopgate.request.delivered.v1",
  data: { endpoint: "telegram_42_7", copy },
});

/** Events as a log stores them, numbered from 1. */
export const entriesOf = (
  ...events: readonly (CreatedEvent | DecidedEvent | DeliveredEvent)[]
): ParsedEntry[] => entriesFrom(1, ...events);

/** Events as a log stores them, numbered from `seq`. */
export const entriesFrom = (
  seq: number,
  ...events: readonly (CreatedEvent | DecidedEvent | DeliveredEvent)[]
): ParsedEntry[] =>
  events.map((event, index) =>
    parsedEntry({ seq: seq + index, subject: requestSubject(refOf(event), keyOf(event)), event }),
  );

function keyOf(event: CreatedEvent | DecidedEvent | DeliveredEvent): string {
  if (event.type === "loopgate.request.created.v1") return eventKey.created;
  if (event.type === "loopgate.request.decided.v1") return eventKey.decided;
  return eventKey.delivered(event.data.endpoint, event.data.copy);
}
