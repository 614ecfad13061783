import { z } from "zod";
import { Refused } from "./refused.ts";

const Button = z.looseObject({ text: z.string(), callback_data: z.string().optional() });

/** What a bot sends into a chat, or changes there, as the Bot API names it. */
const Payload = z.looseObject({
  chat_id: z.union([z.string(), z.number()]).transform(String),
  message_id: z.number().optional(),
  message_thread_id: z.number().optional(),
  text: z.string().default(""),
  caption: z.string().default(""),
  document: z.object({ name: z.string(), content: z.instanceof(Buffer) }).optional(),
  entities: z.array(z.looseObject({ type: z.string(), offset: z.number(), length: z.number() })).default([]),
  disable_notification: z.boolean().default(false),
  link_preview_options: z.looseObject({ is_disabled: z.boolean().default(false) }).optional(),
  reply_parameters: z
    .looseObject({ message_id: z.number(), allow_sending_without_reply: z.boolean().default(false) })
    .optional(),
  reply_markup: z
    .looseObject({
      inline_keyboard: z.array(z.array(Button)).optional(),
      force_reply: z.boolean().optional(),
    })
    .optional(),
});
export type Payload = z.infer<typeof Payload>;

const TEXT_LIMIT = 4_096;
const CAPTION_LIMIT = 1_024;

/**
 * Reads a payload as Telegram does: its text is cleaned, its limits hold.
 * @throws Refused in Telegram's words.
 */
export function readPayload(raw: unknown): Payload {
  const parsed = Payload.safeParse(raw);
  if (!parsed.success) throw new Refused(400, "Bad Request: can't parse parameters");
  const { text, entities, caption, reply_markup } = parsed.data;
  if (!`${text}${caption}`.isWellFormed())
    throw new Refused(400, "Bad Request: strings must be encoded in UTF-8");
  if (lengthOf(text) > TEXT_LIMIT) throw new Refused(400, "Bad Request: message is too long");
  if (lengthOf(caption) > CAPTION_LIMIT) throw new Refused(400, "Bad Request: message caption is too long");
  checkEntities(text, entities);
  for (const { callback_data } of reply_markup?.inline_keyboard?.flat() ?? []) {
    const bytes = Buffer.byteLength(callback_data ?? "");
    if (bytes < 1 || bytes > 64) throw new Refused(400, "Bad Request: BUTTON_DATA_INVALID");
  }
  return { ...parsed.data, text: cleaned(text) };
}

const lengthOf = (text: string): number => Array.from(text).length;

/** Control characters become spaces, marks that reorder lines vanish (docs/invariants.md#telegram-send). */
const cleaned = (text: string): string =>
  text.replaceAll(/[\r\u2028-\u202E]/g, "").replaceAll(/(?!\n)\p{Cc}/gu, " ");

function checkEntities(
  text: string,
  entities: readonly { readonly offset: number; readonly length: number }[],
): void {
  for (const { offset, length } of entities) {
    if (offset < 0 || length < 1 || offset + length > text.length) {
      throw new Refused(400, "Bad Request: can't parse entities: entity is out of range");
    }
    if (!text.slice(offset, offset + length).isWellFormed()) {
      throw new Refused(400, "Bad Request: can't parse entities: entity cuts a character");
    }
  }
}
