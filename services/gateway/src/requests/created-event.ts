import {
  type CreatedEvent,
  type Prompt,
  type Recipient,
  type RequestRef,
  timestamp,
  envelopeIn,
} from "@loopgate/contracts";

/** A question with its defaults applied and its recipients resolved. */
export interface Question {
  readonly ref: RequestRef;
  readonly sessionId: string;
  readonly clientId: string;
  readonly prompt: Prompt;
  readonly recipients: readonly Recipient[];
  readonly timeoutSeconds: number;
  readonly metadata?: Record<string, unknown> | undefined;
  readonly fingerprint: string;
  readonly traceparent?: string | undefined;
}

/** The event for a question. After an unknown outcome, append the same event again: its id makes that safe. */
export function createdEvent(question: Question, now: Date): CreatedEvent {
  const { ref, metadata } = question;
  return {
    ...envelopeIn({ ...question, subject: ref.id, tenant: ref.tenant }),
    id: `${ref.id}.created.${now.getTime().toString(36)}`,
    type: "loopgate.request.created.v1",
    time: timestamp(now),
    data: {
      session_id: question.sessionId,
      client_id: question.clientId,
      prompt: question.prompt,
      recipients: [...question.recipients],
      policy: { required: 1 },
      ...(metadata === undefined ? {} : { metadata }),
      expires_at: timestamp(now.getTime() + question.timeoutSeconds * 1_000),
      fingerprint: question.fingerprint,
    },
  };
}
