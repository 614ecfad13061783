import type { ForceReply, InlineKeyboardMarkup } from "@grammyjs/types";
import type { MessageText } from "../../src/channels/telegram/rendering/question.ts";

export interface File {
  readonly name: string;
  readonly bytes: number;
}

/** A message in a chat. */
export interface Bubble {
  readonly message: MessageText;
  readonly file?: File;
  readonly at: Date;
  readonly isEdited?: boolean;
  /** The person wrote it, not the bot. */
  readonly isOwn?: boolean;
  /** The message that it replies to. */
  readonly repliesTo?: MessageText;
  readonly markup?: InlineKeyboardMarkup | ForceReply;
}
