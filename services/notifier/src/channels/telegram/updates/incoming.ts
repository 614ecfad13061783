import { isServiceAccount, telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { z } from "zod";
import { type Button, parseCallbackData } from "../rendering/callback-data.ts";
import { oneLine } from "../rendering/text.ts";

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
  from: User.optional(),
  sender_chat: z.unknown().optional(),
  via_bot: z.unknown().optional(),
  forward_origin: z.unknown().optional(),
  text: z.string().optional(),
  reply_to_message: z.looseObject({ message_id: z.int(), from: User.optional() }).optional(),
});
const Update = z.looseObject({
  update_id: z.int(),
  callback_query: Press.optional(),
  message: Message.optional(),
});
/** What an answer to an unreadable press needs. */
const Query = z.looseObject({ callback_query: z.looseObject({ id: z.string() }) });

/** This bot, as Telegram knows it. */
export interface Bot {
  readonly id: string;
  readonly username: string;
}

interface Common {
  /** The same for a redelivered update; part of the decision's id. */
  readonly key: string;
  readonly chat: string;
  readonly storedAt: string;
  /** How to reach the person: a press by its query, a message by a reply to it. */
  readonly to: { readonly query: string } | { readonly message: number };
}

/** A person tries to answer: by a button, or by a typed reply to one of this bot's messages. */
interface IncomingAnswer extends Common {
  readonly kind: "answer";
  readonly endpoint: string;
  readonly responder: string;
  readonly name: string;
  /** The message that was pressed or replied to. */
  readonly copy: string;
  readonly choice: { readonly button: Button } | { readonly text: string };
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

export type Incoming = IncomingAnswer | IncomingCommand | IncomingHint;

/** A press or a message of an unknown shape: an operator should look at it. */
export interface Unreadable {
  readonly kind: "unreadable";
  /** The query of a press, which can be answered all the same. */
  readonly query: string | undefined;
}

/** Reads an update; undefined for an update that needs no reaction. Trusts no field that another person could have set. */
export function incomingOf(bot: Bot, raw: unknown, storedAt: string): Incoming | Unreadable | undefined {
  const update = Update.safeParse(raw);
  if (!update.success) return { kind: "unreadable", query: Query.safeParse(raw).data?.callback_query.id };
  const { update_id, callback_query, message } = update.data;
  const key = `tg${bot.id}.${update_id}`;
  if (callback_query !== undefined) return ofPress(bot, key, callback_query, storedAt);
  return message === undefined ? undefined : ofMessage(bot, key, message, storedAt);
}

function ofPress(
  bot: Bot,
  key: string,
  press: z.infer<typeof Press>,
  storedAt: string,
): Incoming | undefined {
  const { id, from, data, message } = press;
  const chat = String(message?.chat.id ?? from.id);
  const common = { key, chat, storedAt, to: { query: id } };
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

function ofMessage(
  bot: Bot,
  key: string,
  message: z.infer<typeof Message>,
  storedAt: string,
): Incoming | undefined {
  const { from, text, reply_to_message: repliedTo } = message;
  const chat = String(message.chat.id);
  const common = { key, chat, storedAt, to: { message: message.message_id } };
  if (from === undefined || (from.is_bot && !isAnonymous(message))) return undefined;
  const place = {
    endpoint: telegramEndpoint({ bot: bot.id, chat }),
    responder: telegramResponder(from.id),
  };
  const command = commandIn(bot, message);
  if (command !== undefined) return { ...common, ...place, kind: "command", command };
  if (repliedTo?.from === undefined || String(repliedTo.from.id) !== bot.id)
    return hintForLooseText(common, message);
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
    choice: { text },
  };
}

const isAnonymous = ({ sender_chat, from }: z.infer<typeof Message>): boolean =>
  sender_chat !== undefined || (from !== undefined && isServiceAccount(from.id));

/** In a private chat, text that answers no question gets a hint; in a group it is ignored. */
function hintForLooseText(common: Common, { chat, text }: z.infer<typeof Message>): Incoming | undefined {
  if (chat.type !== "private" || text === undefined) return undefined;
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
