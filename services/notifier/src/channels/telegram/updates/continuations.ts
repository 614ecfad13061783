import { z } from "zod";

/**
 * Telegram's apps send a text of more than 4,096 UTF-16 units as several messages, cut before the limit at a word's end.
 * A text of this length may go on in the next message.
 */
const FULL_LENGTH = 4_000;

/** The rest comes at once, in seconds of Telegram's clock. */
const CONTINUES_WITHIN_SECONDS = 2;

/** How many texts are remembered: those of some seconds. */
const MAX_RECENT = 200;

const Sent = z.looseObject({
  update_id: z.int(),
  message: z.looseObject({
    date: z.number(),
    chat: z.looseObject({ id: z.int() }),
    from: z.looseObject({ id: z.int() }),
    text: z.string(),
    reply_to_message: z.looseObject({ message_id: z.int() }).optional(),
  }),
});
type Sent = z.infer<typeof Sent>;

/** True if the rest of this text may follow in the next message. */
export const mayContinue = (text: string): boolean => text.length >= FULL_LENGTH;

/**
 * Tells which text goes on in which update. Only the process that stores updates knows their order: they are handled in any
 * order. A text whose rest came to another process stays cut, and its answer says so.
 */
export class Continuations {
  readonly #recent: Sent[] = [];

  /** The id of the update whose text this one continues, if any. The same again for an update that is stored again. */
  continuedBy(raw: unknown): number | undefined {
    const sent = Sent.safeParse(raw).data;
    if (sent === undefined) return undefined;
    const before = this.#recent.findLast((one) => isSameSender(one, sent) && one.update_id < sent.update_id);
    if (this.#recent.every(({ update_id }) => update_id !== sent.update_id)) this.#remember(sent);
    if (before === undefined || !mayContinue(before.message.text)) return undefined;
    if (repliesToAnother(sent, before)) return undefined;
    const seconds = sent.message.date - before.message.date;
    return seconds <= CONTINUES_WITHIN_SECONDS ? before.update_id : undefined;
  }

  #remember(sent: Sent): void {
    this.#recent.push(sent);
    if (this.#recent.length > MAX_RECENT) this.#recent.shift();
  }
}

/** A further part replies to what the first part replies to, or to nothing. */
const repliesToAnother = ({ message: { reply_to_message: target } }: Sent, { message }: Sent): boolean =>
  target !== undefined && target.message_id !== message.reply_to_message?.message_id;

const isSameSender = ({ message: one }: Sent, { message: other }: Sent): boolean =>
  one.chat.id === other.chat.id && one.from.id === other.from.id;
