import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";
import { FormattedString } from "@grammyjs/parse-mode";
import type { InlineKeyboardMarkup } from "@grammyjs/types";
import { callbackData } from "./callback-data.ts";
import { isNumbered, optionButtons, SEEN_LENGTH } from "./keyboard.ts";
import { closedEnd, type MessageText, optionList, quote, shortId, shown, verdict } from "./question.ts";
import { cut, oneLine } from "./text.ts";

/** Telegram's limit of 4,096 UTF-16 units less the other parts. */
const LIMITS = { comment: 1_800, options: 1_800 } as const;

const explanation =
  "Your comment decides nothing by itself. To decide with it, press one of these buttons: they are yours alone.";

/** Repeats a comment and explains the buttons below. Numbers on the buttons are explained, too. */
export function offerText({ data }: CreatedEvent, comment: string): MessageText {
  const { options } = data.prompt;
  const labels = isNumbered(options) ? [optionList(options, LIMITS.options)] : [];
  const words = quote(cut(`💬 ${shown(comment)}`, LIMITS.comment));
  const { text, entities } = FormattedString.join([words, ...labels, explanation], "\n\n");
  return { text, entities };
}

/** The question's buttons for the person whose comment came with the update `updateId`. */
export const offerMarkup = (created: CreatedEvent, updateId: number): InlineKeyboardMarkup =>
  optionButtons(created, {
    textOf: ({ label }) => `${oneLine(label, SEEN_LENGTH)}, with your comment`,
    dataOf: (option) => callbackData(created, option, updateId),
    perRow: 1,
  });

/** What that message shows once the question is decided, by whatever answer. */
export function closedOfferText(created: CreatedEvent, decided: DecidedEvent): MessageText {
  const title = FormattedString.bold(`${verdict(decided)} · ${shortId(created.subject)}`);
  const { text, entities } = FormattedString.join([title, closedEnd(created, decided)], "\n");
  return { text, entities };
}
