import type { CreatedEvent } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { InputFile } from "grammy";
import type { TelegramResult } from "./api/chat-queue.ts";
import { chatOf } from "./moved-chats.ts";
import { fileName, fullText } from "./rendering/question.ts";
import type { TelegramCalls } from "./telegram-calls.ts";

const FILE_FORBIDDEN =
  "⚠️ I can't send the file with the full text here. If what you see is not enough to decide, do not approve.";

/** Sends the full text of a long question as a silent reply to its message; where files are forbidden, a warning instead. */
export async function sendFile(
  calls: TelegramCalls,
  { endpoint, copy }: Copy,
  created: CreatedEvent,
): Promise<TelegramResult<unknown>> {
  const { api, queue } = calls;
  const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
  const options = {
    disable_notification: true,
    reply_parameters: { message_id: Number(copy), allow_sending_without_reply: true },
    ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
  };
  const sent = await queue.call(chat, "send", () =>
    api.sendDocument(chat, new InputFile(Buffer.from(fullText(created)), fileName(created)), options),
  );
  if (sent.kind === "ok" || sent.failure.kind !== "permanent") return sent;
  switch (sent.failure.reason) {
    case "topic_gone":
      return sendFile(calls, { endpoint: chatOf(endpoint), copy }, created);
    case "rejected":
    case "no_rights":
      return queue.call(chat, "send", () => api.sendMessage(chat, FILE_FORBIDDEN, options));
    default:
      return sent;
  }
}
