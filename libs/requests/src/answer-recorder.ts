import {
  type CreatedEvent,
  type DecidedEvent,
  refOf,
  type RequestRef,
  Session,
  sessionKey,
  type Stored,
  tagOf,
} from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import {
  type Attempt,
  createdOf,
  decideAnswer,
  decisionOf,
  expiry,
  expiryDueAt,
  hasEnded,
  isSameAnswer,
  type RecipientPolicy,
  recipientsOf,
  type Rejection,
  type RequestSet,
} from "@loopgate/domain";
import type { RequestLog, Ruling } from "./request-log.ts";

/** A person's answer to one question, as a channel proved it. */
export interface IncomingAnswer extends Omit<Attempt, "endpoint" | "responder"> {
  /** The principals that the channel proved for this person. One of them must be a responder. */
  readonly principals: readonly string[];
  /** The question that was shown: an older question with the same id has another tag. */
  readonly request: RequestRef & { readonly tag: string };
  /** All endpoints by which the channel knows the place of the answer: a place may have moved. */
  readonly endpoints: readonly string[];
  /** True for an endpoint at that place, or at a part of it. */
  readonly isAt: (endpoint: string) => boolean;
}

export type AnswerOutcome =
  | { readonly kind: "recorded"; readonly decision: Stored<DecidedEvent>; readonly created: CreatedEvent }
  /** The same person gave the same answer before. */
  | {
      readonly kind: "already_recorded";
      readonly decision: Stored<DecidedEvent>;
      readonly created: CreatedEvent;
    }
  | {
      readonly kind: "already_decided";
      readonly decision: Stored<DecidedEvent>;
      readonly created: CreatedEvent;
    }
  | { readonly kind: "rejected"; readonly reason: Rejection | "not_allowed"; readonly created?: CreatedEvent }
  /** Too late, and the request ends in a moment: record the answer again then, to be told the outcome. */
  | { readonly kind: "wait"; readonly forMs: number; readonly created: CreatedEvent };

/** What is known of an answer without an attempt to decide. */
type Refused = Extract<AnswerOutcome, { readonly kind: "rejected" | "wait" | "already_decided" }>;

export interface AnswerRecorderOptions {
  readonly requests: RequestLog;
  /** The `sessions` bucket: who answers for a session now. */
  readonly sessions: Bucket;
  /** What each operator's settings allow now. An answer counts if any of them allows it. */
  readonly policies: () => readonly RecipientPolicy[];
  readonly now: () => Date;
}

/**
 * Records people's answers, for every channel: authorises, decides, compares. The checks run at the moment of the answer,
 * against the log and the operator's present settings. Tell the person only what {@link record} returned.
 */
export class AnswerRecorder {
  readonly #requests: RequestLog;
  readonly #sessions: Bucket;
  readonly #policies: () => readonly RecipientPolicy[];
  readonly #now: () => Date;

  constructor({ requests, sessions, policies, now }: AnswerRecorderOptions) {
    this.#requests = requests;
    this.#sessions = sessions;
    this.#policies = policies;
    this.#now = now;
  }

  /** Commits the answer if it is the first decision, and reports what counts. @throws Unavailable */
  async record(answer: IncomingAnswer): Promise<AnswerOutcome> {
    let ruled: Ruling<Refused> | undefined;
    const result = await this.#requests.decide<Refused>(answer.request, async (set) => {
      ruled = await this.#ruleOn(set, answer);
      return ruled;
    });
    if (result.kind === "gone") return { kind: "rejected", reason: "closed" };
    if (result.kind !== "own" && result.kind !== "lost") return result;
    const { decision, created } = result;
    const own = ruled !== undefined && "decide" in ruled ? ruled.decide : undefined;
    if (own?.data.kind !== "answered") return { kind: "already_decided", decision, created };
    if (result.kind === "own") return { kind: "recorded", decision, created };
    const kind = isSameAnswer(own, decision.event) ? "already_recorded" : "already_decided";
    return { kind, decision, created };
  }

  async #ruleOn(set: RequestSet, answer: IncomingAnswer): Promise<Ruling<Refused>> {
    const created = createdOf(set)?.event;
    if (created === undefined || tagOf(created) !== answer.request.tag) return rejected("closed");
    const claims = claimsOf(set, answer);
    if (claims.length === 0) return rejected("not_a_recipient");
    const claim = await this.#allowedNow(created, claims, answer);
    if (claim === undefined) return rejected("not_allowed", created);
    const decided = decideAnswer(set, { ...answer, ...claim }, this.#now());
    if (decided.kind === "rejected" && decided.reason === "buttons_only")
      return this.#ruleText(created, answer);
    if (decided.kind === "rejected") return rejected(decided.reason, created);
    return decided.kind === "too_late" ? this.#ruleTooLate(created) : { decide: decided.event };
  }

  /** Text decides nothing where there are buttons. While the question is open, a channel can offer it as a comment. */
  async #ruleText(created: CreatedEvent, { storedAt }: IncomingAnswer): Promise<Ruling<Refused>> {
    const decision = decisionOf(await this.#requests.read(refOf(created)));
    if (decision !== undefined) return { outcome: { kind: "already_decided", decision, created } };
    return hasEnded(created, new Date(storedAt))
      ? this.#ruleTooLate(created)
      : rejected("buttons_only", created);
  }

  /** An answer that was stored after the end never counts. It records the expiry itself, if no timer has done so yet. */
  #ruleTooLate(created: CreatedEvent): Ruling<Refused> {
    const now = this.#now();
    const leftMs = expiryDueAt(created).getTime() - now.getTime();
    return leftMs > 0
      ? { outcome: { kind: "wait", forMs: leftMs, created } }
      : { decide: expiry(created, now) };
  }

  /** The first claim that the operator's settings allow now. */
  async #allowedNow(
    created: CreatedEvent,
    claims: readonly Claim[],
    { endpoints }: IncomingAnswer,
  ): Promise<Claim | undefined> {
    const found = await this.#sessions.get(sessionKey(created.tenant, created.data.session_id));
    const session = found === undefined ? undefined : Session.parse(JSON.parse(found.value));
    const policies = this.#policies();
    return claims.find(({ endpoint, responder }) =>
      policies.some((policy) => policy.mayAnswer([endpoint, ...endpoints], responder, session)),
    );
  }
}

/** What an answer can count by: a recipient at its place, and the principal that answers there. */
interface Claim {
  readonly endpoint: string;
  readonly responder: string;
}

/** By every recipient that names one of the principals; if none does, by the first, to be told why it does not count. */
function claimsOf(set: RequestSet, { isAt, principals }: IncomingAnswer): readonly Claim[] {
  const here = recipientsOf(set).filter(({ endpoint }) => isAt(endpoint));
  const claims = here.flatMap(({ endpoint, responders }) =>
    principals
      .filter((principal) => responders.includes(principal))
      .map((responder) => ({ endpoint, responder })),
  );
  const [recipient] = here;
  const [responder] = principals;
  if (claims.length > 0 || recipient === undefined || responder === undefined) return claims;
  return [{ endpoint: recipient.endpoint, responder }];
}

const rejected = (
  reason: Extract<Refused, { readonly kind: "rejected" }>["reason"],
  created?: CreatedEvent,
): Ruling<Refused> => ({
  outcome: { kind: "rejected", reason, ...(created === undefined ? {} : { created }) },
});
