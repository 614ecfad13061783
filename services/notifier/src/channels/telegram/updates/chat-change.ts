import { telegramEndpoint } from "@loopgate/settings/telegram";
import { z } from "zod";

/** What Telegram reports of a chat. Only the outermost message counts: any person may have written what it quotes. */
const Update = z.looseObject({
  message: z
    .looseObject({
      chat: z.looseObject({ id: z.int(), type: z.string() }),
      text: z.string().optional(),
      migrate_to_chat_id: z.int().optional(),
      migrate_from_chat_id: z.int().optional(),
    })
    .optional(),
  my_chat_member: z
    .looseObject({
      chat: z.looseObject({ id: z.int() }),
      old_chat_member: z.looseObject({ status: z.string() }),
      new_chat_member: z.looseObject({ status: z.string() }),
    })
    .optional(),
});

/** A chat can take messages again, or has another id. */
export type ChatChange =
  | { readonly kind: "moved"; readonly from: string; readonly to: string }
  | { readonly kind: "opened"; readonly endpoint: string };

/** Reads an update; undefined for an update that changes no chat. */
export function chatChangeOf(bot: string, raw: unknown): ChatChange | undefined {
  const { message, my_chat_member: membership } = Update.safeParse(raw).data ?? {};
  const endpoint = (id: number) => telegramEndpoint({ bot, chat: String(id) });
  if (membership !== undefined) {
    const { chat, old_chat_member: before, new_chat_member: after } = membership;
    return isOut(before.status) && !isOut(after.status)
      ? { kind: "opened", endpoint: endpoint(chat.id) }
      : undefined;
  }
  if (message === undefined) return undefined;
  const { chat, text = "", migrate_to_chat_id: to, migrate_from_chat_id: from } = message;
  if (to !== undefined) return { kind: "moved", from: endpoint(chat.id), to: endpoint(to) };
  if (from !== undefined) return { kind: "moved", from: endpoint(from), to: endpoint(chat.id) };
  const isStart = chat.type === "private" && /^\/start\b/.test(text);
  return isStart ? { kind: "opened", endpoint: endpoint(chat.id) } : undefined;
}

const isOut = (status: string): boolean => status === "left" || status === "kicked";
