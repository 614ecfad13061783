import { createHash, randomUUID } from "node:crypto";
import { ReceivedStore, type ReceivedStoreOptions } from "@loopgate/requests";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { Continuations } from "./continuations.ts";

/** The kinds of updates that Telegram is asked for; it drops the others. */
export const ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"] as const;

export interface UpdateStoreOptions extends ReceivedStoreOptions {
  /** Is called after an update was set aside: no consumer will ever read it. Must not throw. */
  readonly onSetAside: (update: object) => void;
}

/**
 * Stores updates in the log, before their receipt is confirmed to Telegram. Storing an update again adds nothing. One that
 * can never be stored is set aside. Every method throws `Unavailable` while nothing may be confirmed.
 */
export class UpdateStore {
  readonly #received: ReceivedStore;
  readonly #bot: string;
  readonly #onSetAside: UpdateStoreOptions["onSetAside"];
  readonly #continuations = new Continuations();

  constructor({ onSetAside, ...options }: UpdateStoreOptions) {
    this.#received = new ReceivedStore(options);
    this.#bot = options.channel.account;
    this.#onSetAside = onSetAside;
  }

  async store(update: { readonly update_id: number }): Promise<void> {
    const continues = this.#continuations.continuedBy(update);
    const result = await this.#received.store({
      id: this.#idOf(update.update_id),
      kind: ALLOWED_UPDATES.find((kind) => Object.hasOwn(update, kind)) ?? "other",
      update: continues === undefined ? { ...update } : { ...update, continues },
    });
    if (result === "set_aside") this.#onSetAside(update);
  }

  /** Stores a text that is no update: the answer consumer makes it a dead letter for an operator. */
  async storeUnreadable(text: string): Promise<void> {
    const hash = createHash("sha256").update(text).digest("base64url");
    const update = { unreadable: text };
    await this.#received.store({ id: this.#idOf(`unreadable-${hash}`), kind: "unreadable", update });
  }

  /** Sets aside what is too large to be read. @param size in bytes, if known */
  setUnreadAside(size: number | undefined): Promise<void> {
    const about = { id: this.#idOf(`unread-${randomUUID()}`), kind: "unread", size };
    return this.#received.setAside(about, "the update is too large to be read");
  }

  /** Stores a group's move that a failed call revealed, in the form of Telegram's own message, which may have been lost. */
  async storeMove(from: string, to: string): Promise<void> {
    const chat = parseTelegramEndpoint(from)?.chat;
    if (chat === undefined) return;
    const message = {
      message_id: 0,
      chat: { id: Number(chat), type: "group" },
      migrate_to_chat_id: Number(to),
    };
    const update = { update_id: 0, message };
    await this.#received.store({ id: this.#idOf(`moved-${chat}-${to}`), kind: "message", update });
  }

  #idOf(identity: string | number): string {
    return `tg-${this.#bot}-${identity}`;
  }
}
