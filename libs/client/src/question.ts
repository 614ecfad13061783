import type { Option, RequestType } from "@loopgate/contracts";

/** A button. Without `effect`, labels such as "Approve" and "No" speak for themselves; others are neutral. */
export interface QuestionOption {
  /** What the person sees: 1 to 200 characters. */
  readonly label: string;
  /** What `response` will be. Default: the label. */
  readonly value?: string | undefined;
  readonly effect?: Option["effect"] | undefined;
}

/** What a person is asked. */
export interface Question {
  /** Plain text, 1 to 16,000 characters: all that the person needs to know. */
  readonly message: string;
  /** Default: `choice` when there are options, else `input`. A `confirmation` without options has Approve and Deny. */
  readonly requestType?: RequestType | undefined;
  /** At most 50. */
  readonly options?: readonly (string | QuestionOption)[] | undefined;
  /** The route to the people who are asked. Default: `"default"`. */
  readonly sessionId?: string | undefined;
  /** Who asks. Default: the name given to `initialize`. */
  readonly clientId?: string | undefined;
  /** How long the person has. Default: the gateway's own, 300. */
  readonly timeoutSeconds?: number | undefined;
  /** Shown to the person; at most 8 KiB as JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Names the question within `clientId` and `sessionId`: the same key is the same request and is asked once, also after a
   * crash of the asking process. Take it from your work (a job's id) to find the answer again. Default: a random one.
   */
  readonly idempotencyKey?: string | undefined;
}

/** The arguments of `request_human_input`. Nothing is left to what a connection tells: it may be another one next time. */
export const argumentsOf = (question: Question, clientName: string): Record<string, unknown> => ({
  message: question.message,
  request_type: question.requestType,
  options: question.options,
  session_id: question.sessionId,
  client_id: question.clientId ?? clientName,
  timeout_seconds: question.timeoutSeconds,
  metadata: question.metadata,
  idempotency_key: question.idempotencyKey ?? crypto.randomUUID(),
});
