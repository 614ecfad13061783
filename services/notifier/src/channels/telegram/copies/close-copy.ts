import { type CreatedEvent, type DecidedEvent, parseTelegramEndpoint } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Api } from "grammy";
import { isNotModified, isRejected } from "../calls/api-outcome.ts";
import { noButtons } from "../showing/keyboard.ts";
import type { MessageForm } from "../showing/message-form.ts";
import type { CallResult, Outbox } from "../calls/outbox.ts";
import { type MessageText, verdictText } from "../showing/question.ts";

interface CloseCopyParts {
  readonly api: Api;
  readonly outbox: Outbox;
  readonly logger: Logger;
}

/**
 * Edits a copy to show the verdict and takes its buttons away. A copy that shows it already is closed; one that can't be
 * edited any more (a person deleted it, its chat moved) is as good as closed, and fails for good.
 */
export async function closeCopy(
  parts: CloseCopyParts,
  { endpoint, copy }: Copy,
  created: CreatedEvent,
  decided: DecidedEvent,
): Promise<CallResult<void>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat;
  if (chat === undefined) return { kind: "ok", result: undefined };
  const edit = (form: MessageForm) =>
    parts.outbox.call(chat, "edit", () =>
      showVerdict(parts.api, { chat, copy }, verdictText(created, decided, form)),
    );
  const edited = await edit("full");
  const closed = edited.kind === "failed" && isRejected(edited.failure) ? await edit("plain") : edited;
  if (closed.kind === "ok") parts.logger.debug({ ...requestFields(created), endpoint, copy }, "copy closed");
  return closed;
}

async function showVerdict(
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
