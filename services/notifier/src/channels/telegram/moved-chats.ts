import type { Bucket } from "@loopgate/bus";
import { isGroupChat, parseTelegramEndpoint, telegramEndpoint } from "@loopgate/settings/telegram";
import { z } from "zod";

/** A group that becomes a supergroup gets another id, once and permanently. Each of the two ids points to the other. */
const Move = z.union([z.object({ moved_to: z.string() }), z.object({ moved_from: z.string() })]);

/** The chat of an endpoint, without its topic: message ids are unique within a chat. */
export function chatOf(endpoint: string): string {
  const place = parseTelegramEndpoint(endpoint);
  return place === undefined ? endpoint : telegramEndpoint({ bot: place.bot, chat: place.chat });
}

/** The moves of groups, shared by all replicas. */
export class MovedChats {
  readonly #bucket: Bucket;

  /** @param bucket the `channels` bucket */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Records that a chat has another id. A repetition changes nothing. */
  async record(from: string, to: string): Promise<void> {
    await this.#bucket.create(to, JSON.stringify({ moved_from: from }));
    await this.#bucket.create(from, JSON.stringify({ moved_to: to }));
  }

  /** All endpoints of an endpoint's chat: the present id, and the one before or after a move. */
  async namesOf(endpoint: string): Promise<readonly string[]> {
    const chat = chatOf(endpoint);
    const move = await this.#moveOf(chat);
    if (move === undefined) return [chat];
    return [chat, "moved_to" in move ? move.moved_to : move.moved_from];
  }

  /** The endpoint at which messages for this endpoint arrive now. */
  async presentEndpoint(endpoint: string): Promise<string> {
    const move = await this.#moveOf(chatOf(endpoint));
    return move !== undefined && "moved_to" in move ? move.moved_to : endpoint;
  }

  /** Only groups move. */
  async #moveOf(chat: string): Promise<z.infer<typeof Move> | undefined> {
    if (!isGroupChat(parseTelegramEndpoint(chat)?.chat ?? "")) return undefined;
    const found = await this.#bucket.get(chat);
    return found === undefined ? undefined : Move.parse(JSON.parse(found.value));
  }
}
