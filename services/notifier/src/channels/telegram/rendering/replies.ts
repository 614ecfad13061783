import type { InlineKeyboardMarkup, MessageEntity } from "@grammyjs/types";
import type { DecidedEvent } from "@loopgate/contracts";
import type { Notice } from "@loopgate/requests";
import { chosenLabel, verdict } from "./question.ts";
import { moment, oneLine } from "./text.ts";

/** What a person is told. An alert must be dismissed; otherwise it is a short notice. */
export interface Reply {
  readonly text: string;
  readonly entities?: MessageEntity[];
  readonly alert: boolean;
  readonly markup?: InlineKeyboardMarkup;
  /** Called with the id of the message that was sent. */
  readonly onSent?: (message: string) => Promise<void>;
  /** True if the closed copy shows it already: no message is sent. */
  readonly shownByEdit?: boolean;
}

/** The words for a notice. */
export function replyTo(notice: Notice): Reply {
  switch (notice.kind) {
    case "recorded":
      return { text: `Recorded: ${answerText(notice)}`, alert: false, shownByEdit: true };
    case "already_recorded":
      return { text: `Already recorded: ${answerText(notice)}`, alert: false };
    case "already_decided":
      return { text: `${sentenceOf(notice.decision.event)} Your answer changed nothing.`, alert: true };
    case "rejected":
      return { text: rejections[notice.reason], alert: true };
    case "not_saved":
      return { text: NOT_SAVED, alert: true };
    case "not_handled":
      return { text: NOT_HANDLED, alert: true };
  }
}

/** A notice has room for 200 characters. */
const ANSWER_LENGTH = 100;

const NOT_SAVED = "I could not save that yet. If this message does not change soon, please press again.";
const NOT_HANDLED =
  "I could not handle that. What the question's message shows counts: if it does not change, nothing was decided.";

const rejections = {
  not_a_recipient: "This question was not asked in this chat. Nothing was decided.",
  not_a_responder: "Only the people named for this question may answer it.",
  not_allowed: "You may not answer this question.",
  unsupported_policy:
    "This question needs more than one answer, and this Loopgate is too old to count them. Nothing was decided.",
  unknown_option: "This option does not exist. Nothing was decided.",
  buttons_only: "Please answer with one of the buttons.",
  text_only: "Please reply to the question with your text.",
  empty: "An empty text is no answer.",
  closed: "I know no open question behind this message. Nothing was decided.",
  unknown_comment:
    "I no longer have this comment. Please use the question's own buttons, or reply to the question again.",
  comment_of_another:
    "These buttons are for the person whose comment is above them. Please use the question's own buttons.",
  unknown_message:
    "I can't tell which question this answers. Please reply to the message with the question itself; if there are several, to the newest.",
} as const;

function sentenceOf(decided: DecidedEvent): string {
  const { data, time } = decided;
  const [, what = ""] = verdict(decided).split(" ");
  if (data.kind === "cancelled") return `Withdrawn by the agent at ${moment(time)}.`;
  if (data.kind === "expired") return `Expired: nobody answered in time.`;
  return `Already ${what.toLowerCase()} by ${oneLine(data.by.name ?? "somebody", 64)} at ${moment(time)}.`;
}

function answerText({
  created,
  decision,
}: Extract<Notice, { readonly kind: "recorded" | "already_recorded" }>): string {
  const { data } = decision.event;
  if (data.kind !== "answered") return data.kind;
  if (data.answer.type === "text") return oneLine(data.answer.text, ANSWER_LENGTH);
  const label = chosenLabel(created.data.prompt.options, data.answer, ANSWER_LENGTH);
  return data.answer.comment === undefined ? label : `${label}, with your comment`;
}
