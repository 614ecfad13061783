import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import type { Incoming } from "./incoming.ts";
import type { Outbox } from "./outbox.ts";
import type { Reply } from "./replies.ts";
import { cut } from "./text.ts";

/** Telegram's limit for the answer to a press. */
const ANSWER_LIMIT = 200;

/**
 * Tells a person what became of a press or a message: best effort, never repeated, because the decision stands without
 * it. A press is always answered, otherwise its button keeps spinning.
 */
export async function tell(
  { api, outbox, logger }: { readonly api: Api; readonly outbox: Outbox; readonly logger: Logger },
  { to, chat, key }: Incoming,
  { text, alert, shownByEdit = false }: Reply,
): Promise<void> {
  try {
    if ("query" in to) {
      await api.answerCallbackQuery(to.query, { text: cut(text, ANSWER_LIMIT), show_alert: alert });
    } else if (!shownByEdit) {
      const reply_parameters = { message_id: to.message, allow_sending_without_reply: true };
      await outbox.call(chat, "edit", () => api.sendMessage(chat, text, { reply_parameters }));
    }
  } catch (error) {
    logger.debug({ update: key, err: error }, "a person could not be told");
  }
}
