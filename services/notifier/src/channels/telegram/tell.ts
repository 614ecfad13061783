import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import { grammySignal } from "./api/bot-api.ts";
import type { ChatQueue } from "./api/chat-queue.ts";
import { editMessage } from "./edit-message.ts";
import type { MessageText } from "./rendering/question.ts";
import type { Reply } from "./rendering/replies.ts";
import { cut, unlinked } from "./rendering/text.ts";
import type { Incoming } from "./updates/incoming.ts";

/** Telegram's limit for the answer to a press. */
const ANSWER_LIMIT = 200;

/** A press is answered at once or not at all, in milliseconds: Telegram ends the spinner of the button by itself. */
const ANSWER_WITHIN_MS = 5_000;

/** Tells people the outcome of what they sent: best effort and never repeated, because the decision holds without it. */
export class Teller {
  readonly #api: Api;
  readonly #queue: ChatQueue;
  readonly #logger: Logger;

  constructor(api: Api, queue: ChatQueue, logger: Logger) {
    this.#api = api;
    this.#queue = queue;
    this.#logger = logger;
  }

  /**
   * Answers each press at once: until then, its button shows a spinner. Replies to a message in the background: the rate
   * limit of one group would delay the answers of all other chats.
   */
  async tell({ to, chat, key }: Pick<Incoming, "to" | "chat" | "key">, reply: Reply): Promise<void> {
    if ("query" in to) return this.answerPress(to.query, reply);
    if (reply.shownByEdit === true) return;
    this.#inBackground(key, async () => {
      const sent = await this.#send(chat, to, reply);
      if (sent.kind === "ok") await reply.onSent?.(String(sent.result.message_id));
    });
  }

  /** Replaces a message of the bot and removes its buttons, in the background. */
  close({ chat, key }: Pick<Incoming, "chat" | "key">, message: string, text: MessageText): void {
    this.#inBackground(key, async () => {
      await this.#queue.call(chat, "edit", () => editMessage(this.#api, { chat, message }, text));
    });
  }

  #inBackground(update: string, task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      this.#logger.debug({ update, err: error }, "a person could not be told");
    });
  }

  async answerPress(query: string, { text, alert }: Reply): Promise<void> {
    const signal = grammySignal(AbortSignal.timeout(ANSWER_WITHIN_MS));
    await this.#api
      .answerCallbackQuery(query, { text: cut(text, ANSWER_LIMIT), show_alert: alert }, signal)
      .catch((error: unknown) => {
        this.#logger.debug({ query, err: error }, "a press could not be answered");
      });
  }

  #send(
    chat: string,
    { message, thread }: Exclude<Incoming["to"], { readonly query: string }>,
    { text, entities = [], markup }: Reply,
  ) {
    return this.#queue.call(chat, "reply", () =>
      this.#api.sendMessage(chat, unlinked(text), {
        entities,
        ...(markup === undefined ? {} : { reply_markup: markup }),
        ...(thread === undefined ? {} : { message_thread_id: thread }),
        reply_parameters: { message_id: message, allow_sending_without_reply: true },
        link_preview_options: { is_disabled: true },
      }),
    );
  }
}
