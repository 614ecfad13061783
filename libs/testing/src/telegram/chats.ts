import type { InlineKeyboardMarkup, Message, MessageEntity, User } from "@grammyjs/types";
import { z } from "zod";

const Button = z.looseObject({ text: z.string(), callback_data: z.string().optional() });
const Payload = z.looseObject({
  chat_id: z.union([z.string(), z.number()]).transform(String),
  message_id: z.number().optional(),
  text: z.string().default(""),
  entities: z.array(z.looseObject({ type: z.string(), offset: z.number(), length: z.number() })).default([]),
  reply_markup: z
    .looseObject({
      inline_keyboard: z.array(z.array(Button)).optional(),
      force_reply: z.boolean().optional(),
    })
    .optional(),
});
type Payload = z.infer<typeof Payload>;

/** A message as it stands in a chat now. */
export interface ShownMessage {
  readonly chat: string;
  readonly id: number;
  text: string;
  entities: readonly { readonly type: string; readonly offset: number; readonly length: number }[];
  buttons: readonly (readonly { readonly text: string; readonly callback_data?: string | undefined }[])[];
  readonly forcesReply: boolean;
  edits: number;
}

/** A refusal as Telegram words it. */
export class Refused extends Error {
  readonly code: number;
  readonly parameters: Readonly<Record<string, unknown>> | undefined;

  constructor(code: number, description: string, parameters?: Readonly<Record<string, unknown>>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

/** The chats of a bot: what stands in them, and Telegram's checks of what is sent there. */
export class Chats {
  readonly #me: User;
  readonly #messages: ShownMessage[] = [];
  #nextId = 1;
  /** Chats that refuse this bot, and how. */
  readonly refusing = new Map<string, Refused>();

  constructor(me: User) {
    this.#me = me;
  }

  get messages(): readonly ShownMessage[] {
    return this.#messages;
  }

  /** A message id that a person's own message takes. */
  takeId(): number {
    return this.#nextId++;
  }

  send(raw: unknown): Message {
    const payload = this.#check(raw);
    if (payload.text.trim() === "") throw new Refused(400, "Bad Request: message text is empty");
    const message: ShownMessage = {
      chat: payload.chat_id,
      id: this.takeId(),
      text: payload.text,
      entities: payload.entities,
      buttons: payload.reply_markup?.inline_keyboard ?? [],
      forcesReply: payload.reply_markup?.force_reply ?? false,
      edits: 0,
    };
    this.#messages.push(message);
    return this.asMessage(message);
  }

  edit(raw: unknown): Message {
    const payload = this.#check(raw);
    const message = this.#messages.find(
      ({ chat, id }) => chat === payload.chat_id && id === payload.message_id,
    );
    if (message === undefined) throw new Refused(400, "Bad Request: message to edit not found");
    const buttons = payload.reply_markup?.inline_keyboard ?? [];
    if (message.text === payload.text && JSON.stringify(message.buttons) === JSON.stringify(buttons)) {
      throw new Refused(
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
      );
    }
    Object.assign(message, {
      text: payload.text,
      entities: payload.entities,
      buttons,
      edits: message.edits + 1,
    });
    return this.asMessage(message);
  }

  /** The message as the API shows it. */
  asMessage({ chat, id, text, buttons }: ShownMessage): Message {
    const id_ = Number(chat);
    const markup: InlineKeyboardMarkup = {
      inline_keyboard: buttons.map((row) =>
        row.map(({ text, callback_data = "" }) => ({ text, callback_data })),
      ),
    };
    return {
      message_id: id,
      date: Math.floor(Date.now() / 1_000),
      chat:
        id_ < 0
          ? { id: id_, type: "supergroup", title: "Group" }
          : { id: id_, type: "private", first_name: "Person" },
      from: this.#me,
      text,
      ...(buttons.length > 0 ? { reply_markup: markup } : {}),
    } as Message;
  }

  #check(raw: unknown): Payload {
    const parsed = Payload.safeParse(raw);
    if (!parsed.success) throw new Refused(400, "Bad Request: can't parse parameters");
    const payload = parsed.data;
    const refusal = this.refusing.get(payload.chat_id);
    if (refusal !== undefined) throw refusal;
    if (!payload.text.isWellFormed()) throw new Refused(400, "Bad Request: strings must be encoded in UTF-8");
    if (Array.from(payload.text).length > 4_096) throw new Refused(400, "Bad Request: message is too long");
    checkEntities(payload.text, payload.entities);
    for (const { callback_data } of payload.reply_markup?.inline_keyboard?.flat() ?? []) {
      const bytes = Buffer.byteLength(callback_data ?? "");
      if (bytes < 1 || bytes > 64) throw new Refused(400, "Bad Request: BUTTON_DATA_INVALID");
    }
    return payload;
  }
}

function checkEntities(text: string, entities: readonly Pick<MessageEntity, "offset" | "length">[]): void {
  for (const { offset, length } of entities) {
    if (offset < 0 || length < 1 || offset + length > text.length) {
      throw new Refused(400, "Bad Request: can't parse entities: entity is out of range");
    }
    if (!text.slice(offset, offset + length).isWellFormed()) {
      throw new Refused(400, "Bad Request: can't parse entities: entity cuts a character");
    }
  }
}
