import { type CreatedEvent, type Option } from "@loopgate/contracts";
import { isGroupChat } from "@loopgate/settings/telegram";
import type { ForceReply, InlineKeyboardMarkup } from "@grammyjs/types";
import { callbackData } from "./callback-data.ts";
import type { MessageForm } from "./message-form.ts";
import { oneLine } from "./text.ts";

/** How much of a label a wide screen shows on a button that has a row to itself, in UTF-16 units. */
const LABEL_LENGTH = 48;
/** How much of it every phone shows. */
export const SEEN_LENGTH = 30;
const NUMBERS_FROM = 9;
const NUMBERS_PER_ROW = 4;

/**
 * With many options, or with labels that look the same on a phone's buttons, the buttons show numbers, and the message
 * lists the labels.
 */
export function isNumbered(options: readonly Option[]): boolean {
  if (options.length >= NUMBERS_FROM) return true;
  const seen = options.map(({ label }) => oneLine(label, SEEN_LENGTH).normalize("NFC"));
  return new Set(seen).size < seen.length;
}

/**
 * Buttons for the options, without colours in the plain form. Without options, Telegram opens a reply to the question; in
 * a group only for people whom the message mentions, so that no one else is urged to answer.
 */
export function replyMarkup(
  created: CreatedEvent,
  chat: string,
  form: MessageForm = "full",
): InlineKeyboardMarkup | ForceReply {
  const { options } = created.data.prompt;
  if (options.length === 0) {
    return { force_reply: true, selective: isGroupChat(chat), input_field_placeholder: "Your answer" };
  }
  return optionButtons(created, {
    textOf: ({ label }) => oneLine(label, LABEL_LENGTH),
    dataOf: (option) => callbackData(created, option),
    perRow: isShortPair(options) ? 2 : 1,
    form,
  });
}

interface ButtonsOptions {
  /** The text of a button that has no number. */
  readonly textOf: (option: Option) => string;
  readonly dataOf: (option: number) => string;
  /** Buttons side by side, if they have no numbers. */
  readonly perRow: number;
  readonly form?: MessageForm;
}

/** One button for each option, coloured by its effect in the full form. */
export function optionButtons(
  { data }: CreatedEvent,
  { textOf, dataOf, perRow, form = "full" }: ButtonsOptions,
): InlineKeyboardMarkup {
  const { options } = data.prompt;
  const numbered = isNumbered(options);
  const buttons = options.map((option, index) => ({
    text: numbered ? String(index + 1) : textOf(option),
    callback_data: dataOf(index),
    ...(form === "full" ? styles[option.effect] : {}),
  }));
  return { inline_keyboard: rowsOf(buttons, numbered ? NUMBERS_PER_ROW : perRow) };
}

/** Sent with the decision: it removes the buttons. */
export const noButtons: InlineKeyboardMarkup = { inline_keyboard: [] };

const styles = {
  approve: { style: "success" },
  deny: { style: "danger" },
  neutral: {},
} as const;

const isShortPair = (options: readonly Option[]): boolean =>
  options.length === 2 && options.every(({ label }) => oneLine(label, LABEL_LENGTH).length <= 16);

const rowsOf = <Item>(items: readonly Item[], perRow: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / perRow) }, (_, row) =>
    items.slice(row * perRow, (row + 1) * perRow),
  );
