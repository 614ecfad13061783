import {
  creationTag,
  type CreatedEvent,
  type LogEntry,
  type DecidedEvent,
  type RequestRef,
  DEFAULT_TENANT,
  Session,
  sessionKey,
} from "@loopgate/contracts";
import type { Bucket, RequestLog } from "@loopgate/bus";
import { expiry, isStillAllowed, judge, type RecipientPolicy, type Refusal } from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import { closeTouched } from "./close-touched.ts";
import { type CopyParts, requestShownBy } from "./copies.ts";
import type { IncomingAnswer } from "./incoming.ts";

export interface AnswerParts extends CopyParts {
  readonly bot: string;
  readonly requests: RequestLog;
  readonly sessions: Bucket;
  readonly policies: () => readonly RecipientPolicy[];
  readonly now: () => Date;
}

export type AnswerOutcome =
  | {
      readonly kind: "recorded";
      readonly decision: DecidedEvent;
      readonly created: CreatedEvent;
      readonly by: "press" | "text";
    }
  /** The same person chose the same before: nothing to add. */
  | { readonly kind: "already_recorded"; readonly decision: DecidedEvent }
  | { readonly kind: "already_decided"; readonly decision: DecidedEvent }
  | { readonly kind: "refused"; readonly reason: Refusal | "closed" | "unknown_message" | "not_allowed" }
  /** Past the end: the request ends a moment from now, then this attempt is told who won. */
  | { readonly kind: "wait"; readonly forMs: number };

/** The timer of `state` fires a second after the end; whoever answers late waits that long, too (design 3.1). */
const AFTER_END_MS = 1_000;

/**
 * Judges an answer and commits it if it is the first. The checks run at the moment of the press, against the log and the
 * operator's present settings; nothing is said to anybody before the commit.
 */
export async function answerAttempt(parts: AnswerParts, incoming: IncomingAnswer): Promise<AnswerOutcome> {
  const ref = await requestOf(parts, incoming);
  if (ref === undefined) return { kind: "refused", reason: "unknown_message" };
  const created = await parts.requests.created(ref);
  if (created === undefined || creationTag(created.event.subject, created.event.time) !== ref.tag) {
    return { kind: "refused", reason: "closed" };
  }
  const outcome = await decide(parts, incoming, created);
  await closeTouched(parts, { ...incoming, isFresh: outcome.kind === "recorded" }, created.event);
  return outcome;
}

/** A button names its request; a typed reply is matched by the message that it replies to. */
async function requestOf(
  { copies }: AnswerParts,
  { choice, endpoint, copy }: IncomingAnswer,
): Promise<(RequestRef & { tag: string }) | undefined> {
  if ("text" in choice) return requestShownBy(copies, { endpoint, copy });
  return { tenant: DEFAULT_TENANT, id: choice.button.requestId, tag: choice.button.tag };
}

async function decide(
  parts: AnswerParts,
  incoming: IncomingAnswer,
  created: LogEntry<CreatedEvent>,
): Promise<AnswerOutcome> {
  const { requests, now } = parts;
  if (!(await isAllowedNow(parts, incoming, created.event)))
    return { kind: "refused", reason: "not_allowed" };
  const { choice } = incoming;
  const attempt = {
    ...incoming,
    channel: "telegram",
    choice: "text" in choice ? choice : { option: choice.button.option },
  };
  const judged = judge(created.event, attempt, now());
  if (judged.kind === "refused") return judged;
  if (judged.kind === "too_late") return endFirst(parts, created);
  const result = await requests.decide(created, judged.event);
  if (result.kind === "gone") return { kind: "refused", reason: "closed" };
  const decision = result.decision.event;
  if (result.kind === "own") {
    parts.logger.info({ ...requestFields(decision), update: incoming.key }, "a person answered");
    return { kind: "recorded", decision, created: created.event, by: "text" in choice ? "text" : "press" };
  }
  return { kind: isSameAnswer(judged.event, decision) ? "already_recorded" : "already_decided", decision };
}

/** An answer that was stored after the end never counts: it makes sure that the request has ended, and reports how. */
async function endFirst(
  { requests, now }: AnswerParts,
  created: LogEntry<CreatedEvent>,
): Promise<AnswerOutcome> {
  const left = Date.parse(created.event.data.expires_at) + AFTER_END_MS - now().getTime();
  if (left > 0) return { kind: "wait", forMs: left };
  const result = await requests.decide(created, expiry(created.event, now()));
  return result.kind === "gone"
    ? { kind: "refused", reason: "closed" }
    : { kind: "already_decided", decision: result.decision.event };
}

async function isAllowedNow(
  { sessions, policies }: AnswerParts,
  { endpoint, responder }: IncomingAnswer,
  created: CreatedEvent,
): Promise<boolean> {
  const found = await sessions.get(sessionKey(created.tenant, created.data.session_id));
  const session = found === undefined ? undefined : Session.parse(JSON.parse(found.value));
  return policies().some((policy) => isStillAllowed(policy, endpoint, responder, session));
}

function isSameAnswer(mine: DecidedEvent, standing: DecidedEvent): boolean {
  if (mine.data.kind !== "answered" || standing.data.kind !== "answered") return false;
  const [a, b] = [mine.data.answer, standing.data.answer];
  if (mine.data.by.id !== standing.data.by.id || a.type !== b.type) return false;
  return a.type === "option"
    ? b.type === "option" && a.value === b.value
    : b.type === "text" && a.text === b.text;
}
