import type { Api } from "grammy";
import { isNotModified } from "./api/api-outcome.ts";
import { noButtons } from "./rendering/keyboard.ts";
import type { MessageText } from "./rendering/question.ts";

/** Replaces the text of a message and removes its buttons. A message that shows this already is fine. */
export async function editMessage(
  api: Api,
  { chat, message }: { readonly chat: string; readonly message: string },
  { text, entities }: MessageText,
): Promise<void> {
  try {
    await api.editMessageText(chat, Number(message), text, {
      entities,
      reply_markup: noButtons,
      link_preview_options: { is_disabled: true },
    });
  } catch (error) {
    if (!isNotModified(error)) throw error;
  }
}
