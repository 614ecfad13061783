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
   * For retries of this one call; every new question needs a new key. The same key is answered with the same request until
   * some minutes after its end, and then refused with `idempotency_key_used`. Default: a random key for each ask, which
   * suffices: a retry repeats it, and a journal keeps it over a crash.
   */
  readonly idempotencyKey?: string | undefined;
}

export type QuestionArguments = Readonly<Record<string, unknown>>;

/**
 * The arguments of `request_human_input`, without a key: a copy, because a repetition must say the same. Nothing is left to
 * what a connection tells, because it may be another one next time.
 * @throws TypeError if the question is no JSON, so that it does not pass for a lost connection
 */
export function argumentsOf(question: Question, clientName: string): QuestionArguments {
  const { message, options, metadata } = question;
  const args = {
    message,
    request_type: question.requestType,
    options,
    session_id: question.sessionId,
    client_id: question.clientId ?? clientName,
    timeout_seconds: question.timeoutSeconds,
    metadata,
  };
  const copy: QuestionArguments = JSON.parse(JSON.stringify(args));
  return copy;
}
