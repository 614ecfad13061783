import { isServiceAccount, telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { z } from "zod";
import { type Button, parseCallbackData } from "../rendering/callback-data.ts";
import { oneLine } from "../rendering/text.ts";
import { mayContinue } from "./continuations.ts";

const User = z.looseObject({
  id: z.int(),
  is_bot: z.boolean(),
  first_name: z.string(),
  last_name: z.string().optional(),
});
const Chat = z.looseObject({ id: z.int(), type: z.string() });

const Press = z.looseObject({
  id: z.string(),
  from: User,
  data: z.string().optional(),
  message: z.looseObject({ message_id: z.int(), chat: Chat }).optional(),
});
const Message = z.looseObject({
  message_id: z.int(),
  chat: Chat,
  message_thread_id: z.int().optional(),
  is_topic_message: z.boolean().optional(),
  from: User.optional(),
  sender_chat: z.unknown().optional(),
  via_bot: z.unknown().optional(),
  forward_origin: z.unknown().optional(),
  text: z.string().optional(),
  /** The words under a picture or a file. */
  caption: z.string().optional(),
  reply_to_message: z
    .looseObject({
      message_id: z.int(),
      from: User.optional(),
      reply_markup: z.looseObject({ inline_keyboard: z.array(z.array(z.unknown())).optional() }).optional(),
    })
    .optional(),
});
const Update = z.looseObject({
  update_id: z.int(),
  callback_query: Press.optional(),
  message: Message.optional(),
  /** Added when the update was stored: the update whose text goes on in this one. */
  continues: z.int().optional(),
});
const CallbackButton = z.looseObject({ callback_data: z.string() });
/** What an answer to an unreadable press needs. */
const Query = z.looseObject({ callback_query: z.looseObject({ id: z.string() }) });

/** This bot, as Telegram knows it. */
export interface Bot {
  readonly id: string;
  readonly username: string;
}

interface Common {
  /** {@link updateKey} */
  readonly key: string;
  readonly update: number;
  readonly chat: string;
  readonly storedAt: string;
  /** How to reach the person: a press by its query, a message by a reply to it. */
  readonly to: { readonly query: string } | { readonly message: number; readonly thread?: number };
}

/** A person tries to answer: by a button, or by a typed reply to one of this bot's messages. */
export interface TelegramAnswer extends Common {
  readonly kind: "answer";
  readonly endpoint: string;
  readonly responder: string;
  readonly name: string;
  /** The message that was pressed or replied to. */
  readonly copy: string;
  readonly choice:
    | { readonly button: Button }
    /** `offer` is a button of the comment offer that was replied to: it names the question. */
    | { readonly text: string; readonly mayContinue: boolean; readonly offer?: Button | undefined };
}

/** The next part of a text that a person sent as several messages. */
interface TelegramContinuation extends Common {
  readonly kind: "continuation";
  /** The update whose text it continues. */
  readonly continues: number;
  readonly text: string;
  readonly mayContinue: boolean;
}

/** A message that is no answer; the person is told why. */
interface IncomingHint extends Common {
  readonly kind: "hint";
  readonly text: string;
}

const COMMANDS = ["start", "help", "status", "pending"] as const;
export type CommandName = (typeof COMMANDS)[number];

/** A person sent a command to this bot. */
export interface IncomingCommand extends Common {
  readonly kind: "command";
  readonly command: CommandName;
  readonly endpoint: string;
  readonly responder: string;
}

export type Incoming = TelegramAnswer | TelegramContinuation | IncomingCommand | IncomingHint;

/** A press or a message of an unknown shape: an operator should look at it. */
export interface Unreadable {
  readonly kind: "unreadable";
  /** The query of a press, which can be answered all the same. */
  readonly query: string | undefined;
}

/** The same for a redelivered update; part of the decision's id. */
export const updateKey = (bot: string, update: number): string => `tg${bot}.${update}`;

/** Reads an update; undefined for an update that needs no reaction. Trusts no field that another person could have set. */
export function incomingOf(bot: Bot, raw: unknown, storedAt: string): Incoming | Unreadable | undefined {
  const update = Update.safeParse(raw);
  if (!update.success) return { kind: "unreadable", query: Query.safeParse(raw).data?.callback_query.id };
  const { update_id, callback_query, message, continues } = update.data;
  const received = { update: update_id, key: updateKey(bot.id, update_id), storedAt };
  if (callback_query !== undefined) return ofPress(bot, callback_query, received);
  if (message === undefined) return undefined;
  return continuationIn(message, { ...received, continues }) ?? ofMessage(bot, message, received);
}

type Received = Pick<Common, "update" | "key" | "storedAt">;

function ofPress(bot: Bot, press: z.infer<typeof Press>, received: Received): Incoming | undefined {
  const { id, from, data, message } = press;
  const chat = String(message?.chat.id ?? from.id);
  const common = { ...received, chat, to: { query: id } };
  const button = parseCallbackData(data ?? "");
  if (from.is_bot || isServiceAccount(from.id)) {
    return { ...common, kind: "hint", text: "Only people can answer." };
  }
  if (button === undefined || message === undefined) {
    return { ...common, kind: "hint", text: "This button is not one of mine. Nothing was decided." };
  }
  return {
    ...common,
    kind: "answer",
    endpoint: telegramEndpoint({ bot: bot.id, chat }),
    responder: telegramResponder(from.id),
    name: nameOf(from),
    copy: String(message.message_id),
    choice: { button },
  };
}

function ofMessage(bot: Bot, message: z.infer<typeof Message>, received: Received): Incoming | undefined {
  const { from, reply_to_message: repliedTo } = message;
  const text = message.text ?? message.caption;
  const chat = String(message.chat.id);
  const common = { ...received, chat, to: addressee(message) };
  if (from === undefined || (from.is_bot && !isAnonymous(message))) return undefined;
  const place = {
    endpoint: telegramEndpoint({ bot: bot.id, chat }),
    responder: telegramResponder(from.id),
  };
  const command = commandIn(bot, message);
  if (command !== undefined) return { ...common, ...place, kind: "command", command };
  if (repliedTo?.from === undefined || String(repliedTo.from.id) !== bot.id)
    return hintForLooseMessage(common, message);
  if (isAnonymous(message) || message.via_bot !== undefined || message.forward_origin !== undefined) {
    return {
      ...common,
      kind: "hint",
      text: "Please answer as yourself, in your own words: an anonymous or forwarded message is no answer.",
    };
  }
  if (text === undefined) return { ...common, kind: "hint", text: "Please answer with text." };
  return {
    ...common,
    ...place,
    kind: "answer",
    name: nameOf(from),
    copy: String(repliedTo.message_id),
    choice: { text, mayContinue: mayContinue(text), offer: offerIn(repliedTo) },
  };
}

function continuationIn(
  message: z.infer<typeof Message>,
  { continues, ...received }: Received & { readonly continues: number | undefined },
): TelegramContinuation | undefined {
  const { chat, text, via_bot, forward_origin } = message;
  if (continues === undefined || text === undefined || isAnonymous(message)) return undefined;
  if (via_bot !== undefined || forward_origin !== undefined) return undefined;
  const common = { ...received, chat: String(chat.id), to: addressee(message) };
  return { ...common, kind: "continuation", continues, text, mayContinue: mayContinue(text) };
}

/** A button of a comment offer, if this message of the bot is one. */
function offerIn({
  reply_markup,
}: NonNullable<z.infer<typeof Message>["reply_to_message"]>): Button | undefined {
  const [first] = reply_markup?.inline_keyboard?.flat() ?? [];
  const button = parseCallbackData(CallbackButton.safeParse(first).data?.callback_data ?? "");
  return button?.commentUpdate === undefined ? undefined : button;
}

/** A reply belongs into the topic of its message; a thread without a topic is only a chain of replies. */
function addressee({ message_id, message_thread_id, is_topic_message }: z.infer<typeof Message>) {
  const message = { message: message_id };
  return is_topic_message === true && message_thread_id !== undefined
    ? { ...message, thread: message_thread_id }
    : message;
}

const isAnonymous = ({ sender_chat, from }: z.infer<typeof Message>): boolean =>
  sender_chat !== undefined || (from !== undefined && isServiceAccount(from.id));

/** What a person can send. Other messages tell of an event, such as a new title or a pinned message. */
const CONTENTS = (
  "text voice audio video video_note photo animation document sticker location venue contact dice " +
  "poll checklist story paid_media game invoice"
).split(" ");

/** In a private chat, a message that answers no question gets a hint; in a group it is ignored. */
function hintForLooseMessage(common: Common, message: z.infer<typeof Message>): Incoming | undefined {
  const isContent = CONTENTS.some((content) => message[content] !== undefined);
  if (message.chat.type !== "private" || !isContent) return undefined;
  return {
    ...common,
    kind: "hint",
    text: "To answer a question, press one of its buttons, or reply to its message. /help tells more.",
  };
}

/**
 * A command of this bot that is addressed to it. In a reply, text after the command makes it an answer: Telegram turns the
 * next text in a chat into a reply to a question for typed text, and an answer may begin with a slash.
 */
function commandIn(
  bot: Bot,
  { text, reply_to_message: repliedTo, via_bot, forward_origin }: z.infer<typeof Message>,
): CommandName | undefined {
  const [, name = "", addressee, rest] = /^\/(\w+)(?:@(\w+))?(?:\s+(.*))?$/s.exec(text ?? "") ?? [];
  const isForOthers = addressee !== undefined && addressee.toLowerCase() !== bot.username.toLowerCase();
  if (isForOthers || via_bot !== undefined || forward_origin !== undefined) return undefined;
  if (repliedTo !== undefined && rest !== undefined) return undefined;
  return COMMANDS.find((command) => command === name);
}

const nameOf = ({ first_name, last_name }: z.infer<typeof User>): string =>
  oneLine([first_name, last_name].filter((part) => part !== undefined).join(" "), 64) || "somebody";
