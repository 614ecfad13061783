import type { CreatedEvent } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { parseTelegramEndpoint, telegramEndpoint } from "@loopgate/settings/telegram";
import { type Failure, isRejected } from "./api/api-outcome.ts";
import type { TelegramResult } from "./api/chat-queue.ts";
import { chatOf } from "./moved-chats.ts";
import { replyMarkup } from "./rendering/keyboard.ts";
import type { MessageForm } from "./rendering/message-form.ts";
import { questionText } from "./rendering/question.ts";
import type { TelegramCalls } from "./telegram-calls.ts";

/** Where and in which form a question is sent. Each failure that has a remedy changes it. */
interface Post {
  readonly endpoint: string;
  readonly form: MessageForm;
  readonly inTopic: boolean;
}

/**
 * Sends a question to an endpoint. The copy is recorded before the next message goes to that chat: a fault between the two
 * leaves one message unrecorded, not two (I8). A rejection that has a remedy is followed by one more try with it: to the
 * chat's new id, outside a topic that was deleted, or in the plain form.
 */
export async function sendQuestion(
  calls: TelegramCalls,
  { created, endpoint }: { readonly created: CreatedEvent; readonly endpoint: string },
  record: (copy: Copy) => Promise<void>,
): Promise<TelegramResult<Copy>> {
  let post: Post = { endpoint, form: "full", inTopic: true };
  for (;;) {
    const sent = await send(calls, created, { post, record });
    const next = sent.kind === "failed" ? await remedy(calls, post, sent.failure) : undefined;
    if (next === undefined) return sent;
    post = next;
  }
}

function send(
  { api, queue }: TelegramCalls,
  created: CreatedEvent,
  { post, record }: { readonly post: Post; readonly record: (copy: Copy) => Promise<void> },
): Promise<TelegramResult<Copy>> {
  const { endpoint, form, inTopic } = post;
  const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
  const { text, entities } = questionText(created, form);
  const options = {
    entities,
    reply_markup: replyMarkup(created, chat, form),
    link_preview_options: { is_disabled: true },
    ...(inTopic && thread !== undefined ? { message_thread_id: Number(thread) } : {}),
  };
  return queue.call(chat, "send", async () => {
    const { message_id } = await api.sendMessage(chat, text, options);
    const copy = { endpoint, copy: String(message_id) };
    await record(copy);
    return copy;
  });
}

/** A change that may help against this failure and was not tried yet. */
async function remedy(
  { bot, updates, moves }: TelegramCalls,
  post: Post,
  failure: Failure,
): Promise<Post | undefined> {
  if (failure.kind === "moved") {
    const endpoint = telegramEndpoint({ bot, chat: failure.chat });
    if (endpoint === post.endpoint) return undefined;
    await updates.storeMove(post.endpoint, failure.chat);
    await moves.record(chatOf(post.endpoint), endpoint);
    return { ...post, endpoint };
  }
  if (failure.kind !== "permanent") return undefined;
  if (failure.reason === "topic_gone" && post.inTopic) return { ...post, inTopic: false };
  return isRejected(failure) && post.form === "full" ? { ...post, form: "plain" } : undefined;
}
