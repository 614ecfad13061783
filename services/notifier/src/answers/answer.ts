import {
  creationTag,
  type CreatedEvent,
  type LogEntry,
  type DecidedEvent,
  type RequestRef,
  DEFAULT_TENANT,
  type Recipient,
  Session,
  sessionKey,
  type Stored,
} from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import {
  expiry,
  isStillAllowed,
  decideAnswer,
  type RecipientPolicy,
  type Refusal,
  expiryDueAt,
} from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import { closeOnInteraction, type CloseOnInteractionParts } from "./close-on-interaction.ts";
import { requestShownBy } from "../delivery/copies.ts";
import type { IncomingAnswer } from "../channels/telegram/updates/incoming.ts";
import { chatOf, namesOf } from "../channels/telegram/moved-chats.ts";

export interface AnswerParts extends CloseOnInteractionParts {
  readonly bot: string;
  readonly channels: Bucket;
  readonly sessions: Bucket;
  readonly policies: () => readonly RecipientPolicy[];
  readonly now: () => Date;
}

export type AnswerOutcome =
  | { readonly kind: "recorded"; readonly decision: Stored<DecidedEvent> }
  /** The same person chose the same before: nothing to add. */
  | { readonly kind: "already_recorded"; readonly decision: Stored<DecidedEvent> }
  | { readonly kind: "already_decided"; readonly decision: Stored<DecidedEvent> }
  | { readonly kind: "refused"; readonly reason: Refusal | "closed" | "unknown_message" | "not_allowed" }
  /** Past the end: the request ends a moment from now, then this attempt is told who won. */
  | { readonly kind: "wait"; readonly forMs: number };

/**
 * Judges an answer and commits it if it is the first. The checks run at the moment of the press, against the log and the
 * operator's present settings; nothing is said to anybody before the commit.
 */
export async function answerAttempt(parts: AnswerParts, incoming: IncomingAnswer): Promise<AnswerOutcome> {
  const ref = await requestOf(parts, incoming);
  if (ref === undefined) return { kind: "refused", reason: "unknown_message" };
  const [created, names] = await Promise.all([
    parts.requests.created(ref),
    namesOf(parts.channels, incoming.endpoint),
  ]);
  if (created === undefined || creationTag(created.event.subject, created.event.time) !== ref.tag) {
    return { kind: "refused", reason: "closed" };
  }
  const asked = recipientAt(created.event, names, incoming.responder);
  if (asked === undefined) return { kind: "refused", reason: "not_a_recipient" };
  const outcome = await decide(parts, { ...incoming, endpoint: asked.endpoint, names }, created);
  const isFresh = outcome.kind === "recorded";
  const decidedAt = "decision" in outcome ? outcome.decision.seq : undefined;
  await closeOnInteraction(parts, { ...incoming, isFresh, decidedAt }, created.event);
  return outcome;
}

/**
 * As whom this chat was asked: under whichever of its names, in whichever topic, because a question whose topic is gone
 * stands elsewhere in the chat. Of several, the one that names this person.
 */
function recipientAt(
  { data }: CreatedEvent,
  names: readonly string[],
  responder: string,
): Recipient | undefined {
  const here = data.recipients.filter(({ endpoint }) => names.includes(chatOf(endpoint)));
  return here.find(({ responders }) => responders.includes(responder)) ?? here[0];
}

/** A button names its request; a typed reply is matched by the message that it replies to. */
async function requestOf(
  { copies }: AnswerParts,
  { choice, endpoint, copy }: IncomingAnswer,
): Promise<(RequestRef & { tag: string }) | undefined> {
  if ("text" in choice) return requestShownBy(copies, { endpoint, copy });
  return { tenant: DEFAULT_TENANT, id: choice.button.requestId, tag: choice.button.tag };
}

/** An answer to a question, as the recipient that was asked, with all names of its chat. */
interface PlacedAnswer extends IncomingAnswer {
  readonly names: readonly string[];
}

async function decide(
  parts: AnswerParts,
  incoming: PlacedAnswer,
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
  const judged = decideAnswer(created.event, attempt, now());
  if (judged.kind === "refused") return judged;
  if (judged.kind === "too_late") return endFirst(parts, created);
  const result = await requests.decide(created, judged.event);
  if (result.kind === "gone") return { kind: "refused", reason: "closed" };
  const { decision } = result;
  if (result.kind === "own") {
    parts.logger.info({ ...requestFields(decision.event), update: incoming.key }, "a person answered");
    return { kind: "recorded", decision };
  }
  const isSame = isSameAnswer(judged.event, decision.event);
  return { kind: isSame ? "already_recorded" : "already_decided", decision };
}

/** An answer that was stored after the end never counts: it makes sure that the request has ended, and reports how. */
async function endFirst(
  { requests, now }: AnswerParts,
  created: LogEntry<CreatedEvent>,
): Promise<AnswerOutcome> {
  const left = expiryDueAt(created.event).getTime() - now().getTime();
  if (left > 0) return { kind: "wait", forMs: left };
  const result = await requests.decide(created, expiry(created.event, now()));
  return result.kind === "gone"
    ? { kind: "refused", reason: "closed" }
    : { kind: "already_decided", decision: result.decision };
}

async function isAllowedNow(
  { sessions, policies }: AnswerParts,
  { endpoint, names, responder }: PlacedAnswer,
  created: CreatedEvent,
): Promise<boolean> {
  const found = await sessions.get(sessionKey(created.tenant, created.data.session_id));
  const session = found === undefined ? undefined : Session.parse(JSON.parse(found.value));
  const all = [endpoint, ...names];
  return policies().some((policy) => isStillAllowed(policy, all, responder, session));
}

function isSameAnswer(mine: DecidedEvent, standing: DecidedEvent): boolean {
  if (mine.data.kind !== "answered" || standing.data.kind !== "answered") return false;
  const [a, b] = [mine.data.answer, standing.data.answer];
  if (mine.data.by.id !== standing.data.by.id || a.type !== b.type) return false;
  return a.type === "option"
    ? b.type === "option" && a.value === b.value
    : b.type === "text" && a.text === b.text;
}
