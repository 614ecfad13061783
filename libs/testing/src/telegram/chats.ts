import type { InlineKeyboardMarkup, Message, User } from "@grammyjs/types";
import { type Payload, readPayload } from "./payload.ts";
import { Refused } from "./refused.ts";

/** A message as it stands in a chat now. */
export interface ShownMessage {
  readonly chat: string;
  readonly id: number;
  /** The topic that it stands in. */
  readonly thread: number | undefined;
  text: string;
  entities: readonly { readonly type: string; readonly offset: number; readonly length: number }[];
  buttons: readonly (readonly { readonly text: string; readonly callback_data?: string | undefined }[])[];
  readonly forcesReply: boolean;
  readonly document: { readonly name: string; readonly text: string } | undefined;
  readonly replyTo: number | undefined;
  readonly isSilent: boolean;
  readonly previewsLinks: boolean;
  edits: number;
}

const notModified =
  "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

/** The chats of a bot: what stands in them, and Telegram's checks of what is sent there. */
export class Chats {
  readonly #me: User;
  readonly #messages: ShownMessage[] = [];
  readonly #lastIds = new Map<string, number>();
  readonly #topics = new Map<string, Refused | undefined>();
  /** Chats that refuse this bot, and how. */
  readonly refusing = new Map<string, Refused>();
  /** Chats that are broadcast channels. */
  readonly broadcasts = new Set<string>();
  readonly #frozen = new Set<ShownMessage>();

  constructor(me: User) {
    this.#me = me;
  }

  get messages(): readonly ShownMessage[] {
    return this.#messages;
  }

  /** The next message id of a chat: supergroups count their own, all other chats of a bot share one count. */
  takeId(chat: string): number {
    const counter = isSupergroup(chat) ? chat : "";
    const id = (this.#lastIds.get(counter) ?? 0) + 1;
    this.#lastIds.set(counter, id);
    return id;
  }

  /** Opens a topic in a chat, or takes it away: then Telegram refuses what is sent there, in these words. */
  setTopic(chat: number, thread: number, refusal?: Refused): void {
    this.#topics.set(`${chat}/${thread}`, refusal);
  }

  /** A person deletes a message. */
  remove(message: ShownMessage): void {
    this.#messages.splice(this.#messages.indexOf(message), 1);
  }

  /** From now on a message stands as it is. */
  freeze(message: ShownMessage): void {
    this.#frozen.add(message);
  }

  send(raw: unknown): Message {
    const payload = this.#read(raw);
    const { chat_id: chat, document, reply_parameters: reply } = payload;
    if (document === undefined && payload.text.trim() === "")
      throw new Refused(400, "Bad Request: message text is empty");
    const isReplyLost = reply !== undefined && this.#find(chat, reply.message_id) === undefined;
    if (isReplyLost && !reply.allow_sending_without_reply)
      throw new Refused(400, "Bad Request: message to be replied not found");
    const message: ShownMessage = {
      chat,
      id: this.takeId(chat),
      thread: payload.message_thread_id,
      text: document === undefined ? payload.text : payload.caption,
      entities: payload.entities,
      buttons: payload.reply_markup?.inline_keyboard ?? [],
      forcesReply: payload.reply_markup?.force_reply ?? false,
      document: document && { name: document.name, text: document.content.toString() },
      replyTo: isReplyLost ? undefined : reply?.message_id,
      isSilent: payload.disable_notification,
      previewsLinks: payload.link_preview_options?.is_disabled !== true,
      edits: 0,
    };
    this.#messages.push(message);
    return this.asMessage(message);
  }

  edit(raw: unknown): Message {
    const payload = this.#read(raw);
    const message = this.#find(payload.chat_id, payload.message_id);
    if (message === undefined) throw new Refused(400, "Bad Request: message to edit not found");
    if (this.#frozen.has(message)) throw new Refused(400, "Bad Request: message can't be edited");
    const buttons = payload.reply_markup?.inline_keyboard ?? [];
    if (message.text === payload.text && JSON.stringify(message.buttons) === JSON.stringify(buttons)) {
      throw new Refused(400, notModified);
    }
    Object.assign(message, {
      text: payload.text,
      entities: payload.entities,
      buttons,
      edits: message.edits + 1,
    });
    return this.asMessage(message);
  }

  /** Shows for a moment that the bot is at work. */
  act(raw: unknown): true {
    this.#read(raw);
    return true;
  }

  /** What the API tells of a chat. */
  describe(raw: unknown): object {
    const { chat_id: chat } = this.#read(raw);
    return this.broadcasts.has(chat) ? { id: Number(chat), type: "channel", title: "News" } : chatAs(chat);
  }

  /** The message as the API shows it. */
  asMessage({ chat, id, thread, text, buttons }: ShownMessage): Message {
    const markup: InlineKeyboardMarkup = {
      inline_keyboard: buttons.map((row) =>
        row.map(({ text, callback_data = "" }) => ({ text, callback_data })),
      ),
    };
    return {
      message_id: id,
      date: Math.floor(Date.now() / 1_000),
      chat: chatAs(chat),
      from: this.#me,
      text,
      ...(thread === undefined ? {} : { message_thread_id: thread, is_topic_message: true }),
      ...(buttons.length > 0 ? { reply_markup: markup } : {}),
    } as Message;
  }

  #read(raw: unknown): Payload {
    const payload = readPayload(raw);
    const refusal = this.refusing.get(payload.chat_id);
    if (refusal !== undefined) throw refusal;
    if (payload.message_thread_id !== undefined) this.#checkTopic(payload.chat_id, payload.message_thread_id);
    return payload;
  }

  #checkTopic(chat: string, thread: number): void {
    const topic = `${chat}/${thread}`;
    if (!this.#topics.has(topic)) throw new Refused(400, "Bad Request: message thread not found");
    const refusal = this.#topics.get(topic);
    if (refusal !== undefined) throw refusal;
  }

  #find(chat: string, id: number | undefined): ShownMessage | undefined {
    return this.#messages.find((message) => message.chat === chat && message.id === id);
  }
}

/** Ids up to -1000000000000 are supergroups, the negative ones above it are groups. */
const isSupergroup = (chat: string): boolean => Number(chat) <= -1_000_000_000_000;

/** A person with a Telegram account. */
export const person = (id: number, first_name = "Alice", last_name = "Weber"): User => ({
  id,
  is_bot: false,
  first_name,
  last_name,
});

/** A chat as the API shows it. */
export function chatAs(id: string | number, title = "Group"): object {
  if (Number(id) > 0) return { id: Number(id), type: "private", first_name: "Person" };
  return { id: Number(id), type: isSupergroup(String(id)) ? "supergroup" : "group", title };
}

/** The @names in a message that Telegram would link, and ping in a group: all that no entity covers as code. */
export function pingedBy({ text, entities }: ShownMessage): readonly string[] {
  const isCode = (at: number) =>
    entities.some(
      ({ type, offset, length }) => /^(pre|code)$/.test(type) && offset <= at && at < offset + length,
    );
  return [...text.matchAll(/(?<!\w)@([A-Za-z]\w{1,31})\b/g)].flatMap(({ index, 1: name = "" }) =>
    isCode(index) ? [] : [name],
  );
}
