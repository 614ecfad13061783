import { createHash } from "node:crypto";
import { receivedEvent, receivedSubject, type ReceivedEvent } from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";
import { Continuations } from "./continuations.ts";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";

/** The kinds of updates that Telegram is asked for; it drops the others. */
export const ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"] as const;

/** Stores updates in the log, before their receipt is confirmed to Telegram. Storing an update again adds nothing. */
export class UpdateStore {
  readonly #log: EventLog;
  readonly #tenant: string;
  readonly #bot: string;
  readonly #continuations = new Continuations();

  constructor(log: EventLog, { tenant, bot }: { readonly tenant: string; readonly bot: string }) {
    this.#log = log;
    this.#tenant = tenant;
    this.#bot = bot;
  }

  store(update: { readonly update_id: number }): Promise<void> {
    const continues = this.#continuations.continuedBy(update);
    const stored = continues === undefined ? { ...update } : { ...update, continues };
    return this.#store(String(update.update_id), stored);
  }

  /** Stores a text that is no update: the answer consumer makes it a dead letter for an operator. */
  storeUnreadable(text: string): Promise<void> {
    const hash = createHash("sha256").update(text).digest("base64url");
    return this.#store(`unreadable-${hash}`, { unreadable: text });
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
    await this.#store(`moved-${chat}-${to}`, { update_id: 0, message });
  }

  async #store(identity: string, update: ReceivedEvent["data"]["update"]): Promise<void> {
    const account = { tenant: this.#tenant, account: this.#bot };
    const event = receivedEvent({ ...account, id: `tg-${this.#bot}-${identity}` }, update);
    await this.#log.append(receivedSubject(this.#tenant, "telegram", this.#bot), event);
  }
}
