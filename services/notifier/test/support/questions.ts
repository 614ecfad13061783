import {
  CreatedEvent,
  type DecidedEvent,
  eventKey,
  newRequestId,
  parsedEntry,
  refOf,
  requestSubject,
} from "@loopgate/contracts";
import { decideAnswer, fold } from "@loopgate/domain";

export const now = new Date("2026-11-24T14:00:00.000Z");

export interface QuestionOptions {
  readonly message?: string;
  readonly labels?: readonly string[];
  readonly metadata?: Record<string, unknown>;
  readonly client?: string;
  readonly approval?: boolean;
}

/** A question at {@link now}, open until 14:32. */
export function aQuestion({
  message = "Restart orders-prod?",
  labels = ["Approve", "Deny"],
  metadata,
  client = "deploy-bot",
  approval = true,
}: QuestionOptions = {}): CreatedEvent {
  const id = newRequestId();
  return CreatedEvent.parse({
    specversion: "1.0",
    id,
    source: "test",
    type: "loopgate.request.created.v1",
    subject: id,
    time: now.toISOString(),
    tenant: "default",
    data: {
      session_id: "s",
      client_id: client,
      prompt: {
        kind: "choice",
        message,
        options: labels.map((label, index) => ({
          value: `${index}`,
          label,
          effect: approval && index === 0 ? "approve" : "neutral",
        })),
      },
      recipients: [{ channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] }],
      policy: { required: 1 },
      metadata,
      expires_at: "2026-11-24T14:32:00.000Z",
      fingerprint: "f",
    },
  });
}

/** The decision that an answer makes. */
export function answered(
  created: CreatedEvent,
  choice: { option: number } | { text: string },
  name = "Alice Weber",
): DecidedEvent {
  const attempt = {
    key: "1",
    endpoint: "telegram_42_7",
    responder: "telegram:7",
    name,
    channel: "telegram",
    storedAt: now.toISOString(),
  };
  const judged = decideAnswer(
    fold([
      parsedEntry({ seq: 1, subject: requestSubject(refOf(created), eventKey.created), event: created }),
    ]),
    { ...attempt, choice },
    now,
  );
  if (judged.kind !== "decide") throw new Error(judged.kind);
  return judged.event;
}
