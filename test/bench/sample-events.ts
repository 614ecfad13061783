import {
  type CreatedEvent,
  type DecidedEvent,
  DEFAULT_TENANT,
  type DeliveredEvent,
  eventKey,
  newRequestId,
  requestSubject,
  timestamp,
} from "@loopgate/contracts";
import { telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { cancellation } from "@loopgate/domain";
import { botToken } from "../harness/secret-scan.ts";
import { question } from "./mcp-call.ts";

const [bot = ""] = botToken.split(":");
const endpoint = telegramEndpoint({ bot, chat: "7" });

/** An event and the subject that it stands on. */
export interface Sample {
  readonly subject: string;
  readonly event: CreatedEvent | DeliveredEvent | DecidedEvent;
}

/** A question as a gateway would append it. */
export function sampleCreated(sessionId = "bench"): CreatedEvent {
  const id = newRequestId();
  const now = Date.now();
  return {
    specversion: "1.0",
    id: `${id}.created.${now.toString(36)}`,
    source: "loopgate",
    type: "loopgate.request.created.v1",
    subject: id,
    time: timestamp(now),
    tenant: DEFAULT_TENANT,
    data: {
      session_id: sessionId,
      client_id: "bench",
      prompt: {
        kind: "confirmation",
        message: question.message,
        options: [
          { value: "Approve", label: "Approve", effect: "approve" },
          { value: "Deny", label: "Deny", effect: "deny" },
        ],
      },
      recipients: [{ channel: "telegram", endpoint, responders: [telegramResponder(7)] }],
      policy: { required: 1 },
      metadata: question.metadata,
      expires_at: timestamp(now + 86_400_000),
      fingerprint: "0".repeat(64),
    },
  };
}

/** What happens to a question in the end: it is sent and decided. */
export function sampleLife(created = sampleCreated()): readonly Sample[] {
  const { subject: id, tenant, time } = created;
  const ref = { tenant, id };
  const delivered: DeliveredEvent = {
    specversion: "1.0",
    id: `${id}.delivered`,
    source: "loopgate",
    type: "loopgate.request.delivered.v1",
    subject: id,
    time,
    tenant,
    data: { endpoint, copy: "1" },
  };
  return [
    { subject: requestSubject(ref, eventKey.created), event: created },
    { subject: requestSubject(ref, eventKey.delivered(endpoint, "1")), event: delivered },
    {
      subject: requestSubject(ref, eventKey.decided),
      event: cancellation(created, "bench", new Date(), "no longer needed"),
    },
  ];
}
