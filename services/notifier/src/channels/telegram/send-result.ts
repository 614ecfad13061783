import { parseTelegramEndpoint, resultKey, timestamp } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import type { Api } from "grammy";
import { failureOf } from "./api/api-outcome.ts";
import type { CallResult, ChatQueue } from "./api/chat-queue.ts";
import { chatOf } from "./moved-chats.ts";
import type { MessageText } from "./rendering/question.ts";

export interface ResultParts {
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly copies: Bucket;
}

/** Sends a closed question as a silent new message, in the place of a copy that can't be edited: once, whoever tries. */
export async function sendResult(
  parts: ResultParts,
  { endpoint, copy }: Copy,
  result: MessageText,
): Promise<CallResult<void>> {
  const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
  const options = {
    entities: result.entities,
    disable_notification: true,
    link_preview_options: { is_disabled: true },
    reply_parameters: { message_id: Number(copy), allow_sending_without_reply: true },
    ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
  };
  const key = resultKey(chatOf(endpoint), copy);
  const sent = await parts.queue.call(chat, "send", () =>
    once(parts.copies, key, () => parts.api.sendMessage(chat, result.text, options)),
  );
  return thread !== undefined && isTopicGone(sent)
    ? sendResult(parts, { endpoint: chatOf(endpoint), copy }, result)
    : sent;
}

/** The claim comes before the call: an answer that is lost makes no second message. What Telegram refused may be tried again. */
async function once(copies: Bucket, key: string, call: () => Promise<unknown>): Promise<void> {
  const claim = await copies.create(key, timestamp());
  if (claim === undefined) return;
  try {
    await call();
  } catch (error) {
    if (failureOf(error).kind !== "transient") await copies.delete(key, claim);
    throw error;
  }
}

const isTopicGone = (sent: CallResult<void>): boolean =>
  sent.kind === "failed" && sent.failure.kind === "permanent" && sent.failure.reason === "topic_gone";
