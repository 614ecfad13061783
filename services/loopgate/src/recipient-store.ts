import type { SqliteDatabase } from "@loopgate/bus/sqlite";
import type { TelegramRecipients } from "@loopgate/settings/telegram";
import { z } from "zod";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS known_recipients (
    name TEXT PRIMARY KEY, policy TEXT NOT NULL, seen INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

const Kept = z.object({
  defaultChat: z.string().optional(),
  responders: z.array(z.string()),
  allowedChats: z.array(z.string()),
});

/**
 * The recipients of every front that was ever here. A front ends and its questions stay: whoever they were asked may
 * answer them, also after a restart. Whoever comes again for the same default chat, or for the same chats without one,
 * replaces what was kept of it.
 */
export class RecipientStore {
  readonly #database: SqliteDatabase;
  readonly #kept = new Map<string, TelegramRecipients>();
  readonly #present = new Set<TelegramRecipients>();

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** @param keptMs how long recipients stay known after their last visit: longer than any of their questions */
  static async open(
    database: SqliteDatabase,
    bot: string | undefined,
    keptMs: number,
  ): Promise<RecipientStore> {
    const known = new RecipientStore(database);
    await database.write((db) => {
      db.exec(SCHEMA);
      db.prepare("DELETE FROM known_recipients WHERE seen < ?").run(Date.now() - keptMs);
    });
    const rows = database.read((db) => db.prepare("SELECT name, policy FROM known_recipients").all());
    for (const { name, policy } of rows) {
      known.#kept.set(String(name), { bot, ...Kept.parse(JSON.parse(String(policy))) });
    }
    return known;
  }

  /** What each of them allows. */
  get policies(): readonly TelegramRecipients[] {
    return [...this.#kept.values(), ...this.#present];
  }

  /** Keeps the recipients of a front; dispose when it leaves. Who names nobody, adds nobody. */
  async welcome(policy: TelegramRecipients): Promise<Disposable> {
    const namesSomebody = policy.defaultChat !== undefined || policy.allowedChats.length > 0;
    if (namesSomebody) {
      await this.keep(`front ${policy.defaultChat ?? policy.allowedChats.toSorted().join()}`, policy);
      this.#present.add(policy);
    }
    return { [Symbol.dispose]: () => void this.#present.delete(policy) };
  }

  /** Keeps recipients under a name, in the place of those that had it. */
  async keep(name: string, policy: TelegramRecipients): Promise<void> {
    const { bot: _, ...kept } = policy;
    await this.#database.write((db) =>
      db
        .prepare("INSERT OR REPLACE INTO known_recipients (name, policy, seen) VALUES (?, ?, ?)")
        .run(name, JSON.stringify(kept), Date.now()),
    );
    this.#kept.set(name, policy);
  }
}
