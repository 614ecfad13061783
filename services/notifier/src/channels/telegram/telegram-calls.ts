import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import type { ChatQueue } from "./api/chat-queue.ts";
import type { MovedChats } from "./moved-chats.ts";
import type { UpdateStore } from "./updates/update-store.ts";

/** What the calls that change a chat need. */
export interface TelegramCalls {
  readonly bot: string;
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly moves: MovedChats;
  readonly updates: UpdateStore;
  /** The `copies` bucket: a message that replaces a copy is claimed there. */
  readonly claims: Bucket;
  readonly logger: Logger;
}
