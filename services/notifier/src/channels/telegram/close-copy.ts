import { type CreatedEvent, type DecidedEvent, parseTelegramEndpoint } from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Api } from "grammy";
import { isMessageGone, isNotModified, isRejected } from "./api/api-outcome.ts";
import { noButtons } from "./rendering/keyboard.ts";
import type { CallResult } from "./api/chat-queue.ts";
import { storeMove } from "./updates/received-update.ts";
import { type MessageText, verdictText } from "./rendering/question.ts";
import { type ResultParts, sendResult } from "./send-result.ts";

interface CloseCopyParts extends ResultParts {
  readonly log: EventLog;
  readonly logger: Logger;
}

/**
 * Edits a copy to show the verdict and takes its buttons away. A copy that shows it already is closed. In the place of one
 * that can't be edited any more, such as one that a person deleted, a new message shows it. Where the chat is out of reach
 * or has moved, it fails for good.
 */
export async function closeCopy(
  parts: CloseCopyParts,
  { endpoint, copy }: Copy,
  created: CreatedEvent,
  decided: DecidedEvent,
): Promise<CallResult<void>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat;
  if (chat === undefined) return { kind: "ok", result: undefined };
  const show = async (by: (text: MessageText) => Promise<CallResult<void>>) => {
    const shown = await by(verdictText(created, decided, "full"));
    const isTooMuch = shown.kind === "failed" && isRejected(shown.failure);
    return isTooMuch ? by(verdictText(created, decided, "plain")) : shown;
  };
  const edited = await show((text) =>
    parts.queue.call(chat, "edit", () => edit(parts.api, { chat, copy }, text)),
  );
  const isGone = edited.kind === "failed" && isMessageGone(edited.failure);
  const closed = isGone ? await show((text) => sendResult(parts, { endpoint, copy }, text)) : edited;
  if (closed.kind === "failed" && closed.failure.kind === "moved")
    await storeMove(parts.log, endpoint, closed.failure.chat);
  if (closed.kind === "ok") parts.logger.debug({ ...requestFields(created), endpoint, copy }, "copy closed");
  return closed;
}

async function edit(
  api: Api,
  { chat, copy }: { readonly chat: string; readonly copy: string },
  { text, entities }: MessageText,
): Promise<void> {
  try {
    await api.editMessageText(chat, Number(copy), text, {
      entities,
      reply_markup: noButtons,
      link_preview_options: { is_disabled: true },
    });
  } catch (error) {
    if (!isNotModified(error)) throw error;
  }
}
