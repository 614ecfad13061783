import type { SqliteDatabase } from "@loopgate/bus/sqlite";
import type { TelegramRecipients } from "@loopgate/settings/telegram";
import { z } from "zod";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS known_recipients (
    name TEXT PRIMARY KEY, policy TEXT NOT NULL, seen INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

const StoredPolicy = z.object({
  defaultChat: z.string().optional(),
  defaultThread: z.string().optional(),
  responders: z.array(z.string()),
  allowedChats: z.array(z.string()),
});

/**
 * The recipients of all clients, also of those that have disconnected. A client's questions outlive it, so the people it
 * asked may still answer, also after a restart. A later client with the same default chat, or without one with the same
 * allowed chats, replaces what is stored.
 */
export class RecipientStore {
  readonly #database: SqliteDatabase;
  readonly #stored = new Map<string, TelegramRecipients>();
  readonly #connected = new Set<TelegramRecipients>();

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** @param retentionMs how long recipients are kept after their client last connected: longer than any question is open */
  static async open(
    database: SqliteDatabase,
    bot: string | undefined,
    retentionMs: number,
  ): Promise<RecipientStore> {
    const store = new RecipientStore(database);
    await database.write((db) => {
      db.exec(SCHEMA);
      db.prepare("DELETE FROM known_recipients WHERE seen < ?").run(Date.now() - retentionMs);
    });
    const rows = database.read((db) => db.prepare("SELECT name, policy FROM known_recipients").all());
    for (const { name, policy } of rows) {
      store.#stored.set(String(name), { bot, ...StoredPolicy.parse(JSON.parse(String(policy))) });
    }
    return store;
  }

  /** The policies of all clients: what one of them allows is allowed. */
  get policies(): readonly TelegramRecipients[] {
    return [...this.#stored.values(), ...this.#connected];
  }

  /** Registers the recipients of a stdio proxy; dispose when it disconnects. A policy without chats registers none. */
  async register(policy: TelegramRecipients): Promise<Disposable> {
    const hasChats = policy.defaultChat !== undefined || policy.allowedChats.length > 0;
    if (hasChats) {
      await this.save(`front ${policy.defaultChat ?? policy.allowedChats.toSorted().join()}`, policy);
      this.#connected.add(policy);
    }
    return { [Symbol.dispose]: () => void this.#connected.delete(policy) };
  }

  /** Stores recipients under a name, and replaces those that have it. */
  async save(name: string, policy: TelegramRecipients): Promise<void> {
    const { bot: _, ...stored } = policy;
    await this.#database.write((db) =>
      db
        .prepare("INSERT OR REPLACE INTO known_recipients (name, policy, seen) VALUES (?, ?, ?)")
        .run(name, JSON.stringify(stored), Date.now()),
    );
    this.#stored.set(name, policy);
  }
}
