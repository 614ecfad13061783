import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import { grammySignal } from "./api/bot-api.ts";
import type { Incoming } from "./updates/incoming.ts";
import type { ChatQueue } from "./api/chat-queue.ts";
import type { Reply } from "./rendering/replies.ts";
import { cut, unlinked } from "./rendering/text.ts";

interface TellParts {
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly logger: Logger;
}

/** Telegram's limit for the answer to a press. */
const ANSWER_LIMIT = 200;
/** A press is answered at once or not at all: its button stops spinning by itself. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Tells a person what became of a press or a message: best effort, never repeated, because the decision stands without
 * it. A press is always answered, otherwise its button keeps spinning. Nobody waits for a message to be sent: a group's
 * rate would hold up the answers of all other chats.
 */
export async function tell(parts: TellParts, { to, chat, key }: Incoming, reply: Reply): Promise<void> {
  if ("query" in to) return answerPress(parts, to.query, reply);
  if (reply.shownByEdit === true) return;
  void sendReply(parts, chat, to.message, reply).catch((error: unknown) => {
    parts.logger.debug({ update: key, err: error }, "a person could not be told");
  });
}

/** Answers a press as {@link tell} does. */
export async function answerPress(
  { api, logger }: Pick<TellParts, "api" | "logger">,
  query: string,
  { text, alert }: Reply,
): Promise<void> {
  const signal = grammySignal(AbortSignal.timeout(ANSWER_WITHIN_MS));
  await api
    .answerCallbackQuery(query, { text: cut(text, ANSWER_LIMIT), show_alert: alert }, signal)
    .catch((error: unknown) => {
      logger.debug({ query, err: error }, "a press could not be answered");
    });
}

const sendReply = (
  { api, queue }: TellParts,
  chat: string,
  message_id: number,
  { text, entities = [] }: Reply,
) =>
  queue.call(chat, "reply", () =>
    api.sendMessage(chat, unlinked(text), {
      entities,
      reply_parameters: { message_id, allow_sending_without_reply: true },
      link_preview_options: { is_disabled: true },
    }),
  );
