import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import { grammySignal } from "./api/bot-api.ts";
import type { ChatQueue } from "./api/chat-queue.ts";
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
    void this.#send(chat, to.message, reply).catch((error: unknown) => {
      this.#logger.debug({ update: key, err: error }, "a person could not be told");
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

  #send(chat: string, message_id: number, { text, entities = [] }: Reply) {
    return this.#queue.call(chat, "reply", () =>
      this.#api.sendMessage(chat, unlinked(text), {
        entities,
        reply_parameters: { message_id, allow_sending_without_reply: true },
        link_preview_options: { is_disabled: true },
      }),
    );
  }
}
