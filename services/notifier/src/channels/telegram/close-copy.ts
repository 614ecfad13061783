import { type CreatedEvent, type DecidedEvent, keyToken, timestamp } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { failureOf, isMessageGone, isRejected } from "./api/api-outcome.ts";
import type { TelegramResult } from "./api/chat-queue.ts";
import { closeOffers } from "./comment-offers.ts";
import { editMessage } from "./edit-message.ts";
import { chatOf } from "./moved-chats.ts";
import { type MessageText, verdictText } from "./rendering/question.ts";
import type { TelegramCalls } from "./telegram-calls.ts";

/**
 * Edits a copy to show the decision and removes its buttons, and closes the comment offers of its chat. A copy that shows
 * it already is closed. For a copy that cannot be edited, such as one that a person deleted, a new message shows the
 * decision. Where the chat cannot be reached or has moved, closing fails permanently.
 */
export async function closeCopy(
  calls: TelegramCalls,
  { endpoint, copy }: Copy,
  { created, decided }: { readonly created: CreatedEvent; readonly decided: DecidedEvent },
): Promise<TelegramResult<void>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat;
  if (chat === undefined) return { kind: "ok", result: undefined };
  const show = async (by: (text: MessageText) => Promise<TelegramResult<void>>) => {
    const shown = await by(verdictText(created, decided, "full"));
    const isFormRejected = shown.kind === "failed" && isRejected(shown.failure);
    return isFormRejected ? by(verdictText(created, decided, "plain")) : shown;
  };
  const edited = await show((text) =>
    calls.queue.call(chat, "edit", () => editMessage(calls.api, { chat, message: copy }, text)),
  );
  const isGone = edited.kind === "failed" && isMessageGone(edited.failure);
  const closed = isGone ? await show((text) => sendResult(calls, { endpoint, copy }, text)) : edited;
  if (closed.kind === "failed" && closed.failure.kind === "moved")
    await calls.updates.storeMove(endpoint, closed.failure.chat);
  if (closed.kind === "failed") return closed;
  calls.logger.debug({ ...requestFields(created), endpoint, copy }, "copy closed");
  return closeOffers(calls, endpoint, { created, decided });
}

/** Sends the decision as a new silent message in place of a copy that cannot be edited: once, whichever process tries. */
async function sendResult(
  calls: TelegramCalls,
  { endpoint, copy }: Copy,
  result: MessageText,
): Promise<TelegramResult<void>> {
  const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
  const options = {
    entities: result.entities,
    disable_notification: true,
    link_preview_options: { is_disabled: true },
    reply_parameters: { message_id: Number(copy), allow_sending_without_reply: true },
    ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
  };
  const claim = keyToken(chatOf(endpoint), copy, "result");
  const sent = await calls.queue.call(chat, "send", () =>
    once(calls.claims, claim, () => calls.api.sendMessage(chat, result.text, options)),
  );
  return thread !== undefined && isTopicGone(sent)
    ? sendResult(calls, { endpoint: chatOf(endpoint), copy }, result)
    : sent;
}

/** Claims before it calls, so that a lost answer makes no second message. A rejected call gives up its claim. */
async function once(
  claims: TelegramCalls["claims"],
  key: string,
  call: () => Promise<unknown>,
): Promise<void> {
  const claim = await claims.create(key, timestamp());
  if (claim === undefined) return;
  try {
    await call();
  } catch (error) {
    if (failureOf(error).kind !== "transient") await claims.delete(key, claim);
    throw error;
  }
}

const isTopicGone = (sent: TelegramResult<void>): boolean =>
  sent.kind === "failed" && sent.failure.kind === "permanent" && sent.failure.reason === "topic_gone";
