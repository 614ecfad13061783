import type { CreatedEvent, DecidedEvent, DeliveredEvent } from "@loopgate/contracts";
import { telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { aCancellation, aDelivery, aQuestion, subjectOf } from "@loopgate/testing/builders";
import { botToken } from "../harness/secret-scan.ts";
import { question } from "./mcp-call.ts";

const [bot = ""] = botToken.split(":");
const recipient = {
  channel: "telegram",
  endpoint: telegramEndpoint({ bot, chat: "7" }),
  responders: [telegramResponder(7)],
};

/** An event and its subject. */
export interface Sample {
  readonly subject: string;
  readonly event: CreatedEvent | DeliveredEvent | DecidedEvent;
}

/** A question as a gateway would append it. */
export const sampleCreated = (): CreatedEvent =>
  aQuestion({
    session: "bench",
    client: "bench",
    kind: "confirmation",
    message: question.message,
    metadata: question.metadata,
    recipients: [recipient],
    timeoutMs: 86_400_000,
    fingerprint: "0".repeat(64),
  });

/** What happens to a question in the end: it is sent and decided. */
export const sampleLife = (created = sampleCreated()): readonly Sample[] =>
  [created, aDelivery(created), aCancellation(created)].map((event) => ({
    subject: subjectOf(event),
    event,
  }));
