import { type CreatedEvent, parseTelegramEndpoint, telegramEndpoint } from "@loopgate/contracts";
import type { Bucket, EventLog } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import type { Api } from "grammy";
import { type Failure, isRejected } from "./api/api-outcome.ts";
import { replyMarkup } from "./rendering/keyboard.ts";
import type { MessageForm } from "./rendering/message-form.ts";
import { chatOf, recordMove } from "./moved-chats.ts";
import type { CallResult, ChatQueue } from "./api/chat-queue.ts";
import { storeMove } from "./updates/received-update.ts";
import { questionText } from "./rendering/question.ts";

interface PostParts {
  readonly bot: string;
  readonly log: EventLog;
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly channels: Bucket;
  /** Records what was sent. */
  readonly keep: (copy: Copy) => Promise<void>;
}

/** Where and how the question is sent, as far as Telegram's refusals have told. */
interface Post {
  readonly endpoint: string;
  readonly form: MessageForm;
  readonly inTopic: boolean;
}

/**
 * Sends a question to where a recipient's chat is found now. The copy is kept before the next message goes to that
 * chat: a fault between the two leaves one message unrecorded, not two (I8). What Telegram refuses for a reason that has a remedy is
 * sent once more with it: to the chat's new id, outside of a topic that is gone, in the plain form.
 */
export async function postQuestion(
  parts: PostParts,
  created: CreatedEvent,
  endpoint: string,
): Promise<CallResult<Copy>> {
  let post: Post = { endpoint, form: "full", inTopic: true };
  for (;;) {
    const sent = await send(parts, created, post);
    const next = sent.kind === "failed" ? await remedy(parts, post, sent.failure) : undefined;
    if (next === undefined) return sent;
    post = next;
  }
}

function send(
  { api, queue, keep }: PostParts,
  created: CreatedEvent,
  { endpoint, form, inTopic }: Post,
): Promise<CallResult<Copy>> {
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
    await keep(copy);
    return copy;
  });
}

/** What may help against this failure and was not tried yet. */
async function remedy(
  { bot, log, channels }: PostParts,
  post: Post,
  failure: Failure,
): Promise<Post | undefined> {
  if (failure.kind === "moved") {
    const endpoint = telegramEndpoint({ bot, chat: failure.chat });
    if (endpoint === post.endpoint) return undefined;
    await storeMove(log, post.endpoint, failure.chat);
    await recordMove(channels, chatOf(post.endpoint), endpoint);
    return { ...post, endpoint };
  }
  if (failure.kind !== "permanent") return undefined;
  if (failure.reason === "topic_gone" && post.inTopic) return { ...post, inTopic: false };
  return isRejected(failure) && post.form === "full" ? { ...post, form: "plain" } : undefined;
}
