import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";
import { aDecision, aQuestion } from "@loopgate/testing/builders";
import { expiry, type OfferedPrompt, promptOf } from "@loopgate/domain";
import {
  closedOfferText,
  offerMarkup,
  offerText,
} from "../../src/channels/telegram/rendering/comment-offer.ts";
import { replyMarkup } from "../../src/channels/telegram/rendering/keyboard.ts";
import {
  fileName,
  fullText,
  questionText,
  verdictText,
} from "../../src/channels/telegram/rendering/question.ts";
import { now } from "../support/questions.ts";
import type { Bubble } from "./bubble.ts";

const nothing = { text: "", entities: [] };
const ids = "01935e5c-6800-7a1b-9c2d-3e4f5060";
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

interface Scene extends OfferedPrompt {
  readonly id: string;
  readonly client: string;
  readonly session: string;
  readonly keyId?: string;
  readonly metadata?: Record<string, unknown>;
}

function questionIn({ id, client, session, keyId, metadata, ...offered }: Scene): CreatedEvent {
  const result = promptOf(offered);
  if (result.kind === "invalid") throw new Error(result.problem.detail);
  const { message, kind, options } = result.prompt;
  const shown = { client, session, keyId, metadata, message, kind, options };
  return aQuestion({ ...shown, id: `${ids}${id}`, at: now, timeoutMs: 32 * 60_000 });
}

const open = (created: CreatedEvent): Bubble => ({
  message: questionText(created),
  at: now,
  markup: replyMarkup(created, "7"),
});

const closed = (created: CreatedEvent, decided: DecidedEvent, minutes: number): Bubble => ({
  message: verdictText(created, { ...decided, time: later(minutes).toISOString() }),
  at: later(minutes),
  isEdited: true,
});

const deploy = questionIn({
  id: "a7f3",
  client: "deploy-bot",
  session: "release 42",
  keyId: "ci",
  message: "Deploy build 42 to production?\nAll 1,284 tests passed. The migration takes about 3 minutes.",
  requestType: "confirmation",
  metadata: { commit: "9f31c07", window: "14:00–15:00 UTC" },
});
const template = questionIn({
  id: "b2c9",
  client: "billing-agent",
  session: "invoices",
  message: "Which template should the November invoices use?",
  options: [
    "Standard A4, German",
    "Standard A4, English",
    "Standard A4, French",
    "Letter, English",
    "Letter, Spanish",
    "Reverse charge, German",
    "Reverse charge, English",
    "Small business, German",
    "Credit note, German",
    "Credit note, English",
    "Reminder, first",
    "Reminder, last",
  ].map((label) => ({ label })),
});
const words = questionIn({
  id: "4d1e",
  client: "support-agent",
  session: "ticket 8812",
  message: "The customer asks why the parcel is late. What may I promise her?",
});
const promise = "Delivery by Friday, and the postage back.";
const patch = questionIn({
  id: "c05a",
  client: "coder-agent",
  session: "checkout",
  requestType: "confirmation",
  message: [
    "Apply this patch to the payment service? 14 files, +820 −310.",
    ...Array.from(
      { length: 160 },
      (_, n) => `+  retry(${n + 1}, { within: seconds(${30 + n}), keepKey: true });`,
    ),
  ].join("\n"),
});

const comment = "Not on a Friday. Please ask again on Monday.";
const commented = aDecision(deploy, { option: 1, comment });
const own = { message: { ...nothing, text: comment }, at: later(3), isOwn: true };

const answeredWords = closed(words, aDecision(words, { text: promise }), 6);

/** What the pictures of the documentation show: messages as the code builds them. */
export const scenes: Readonly<Record<string, readonly Bubble[]>> = {
  "approval-open": [open(deploy)],
  "approval-approved": [closed(deploy, aDecision(deploy, { option: 0 }), 4)],
  "approval-denied": [closed(deploy, aDecision(deploy, { option: 1 }), 4)],
  "approval-expired": [closed(deploy, expiry(deploy, now), 33)],
  "comment-open": [
    { ...own, repliesTo: questionText(deploy) },
    {
      message: offerText(deploy, comment),
      at: later(3),
      repliesTo: own.message,
      markup: offerMarkup(deploy, 1),
    },
  ],
  "comment-denied": [
    closed(deploy, commented, 4),
    { ...own, repliesTo: questionText(deploy) },
    {
      message: closedOfferText(deploy, { ...commented, time: later(4).toISOString() }),
      at: later(4),
      repliesTo: own.message,
    },
  ],
  "choice-of-many": [open(template)],
  "long-message": [
    open(patch),
    {
      message: nothing,
      file: { name: fileName(patch), bytes: Buffer.byteLength(fullText(patch)) },
      at: now,
      repliesTo: questionText(patch),
    },
  ],
  "words-open": [open(words)],
  "words-answered": [
    answeredWords,
    { message: { ...nothing, text: promise }, at: later(6), isOwn: true, repliesTo: answeredWords.message },
  ],
};
