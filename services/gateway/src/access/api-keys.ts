import { createHash, timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import type { Logger } from "@loopgate/runtime";
import { type KeyEntry, type KeyFile, readKeyFile } from "./key-file.ts";
import type { Scope } from "./principal.ts";

/** How often the file is checked for changes, in milliseconds. */
const WATCH_INTERVAL_MS = 1_000;

export interface ApiKey {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

/**
 * The keys in the operator's file. Changes take effect within seconds. While the file is invalid, its last valid content
 * remains in effect and the log names the problems. Disposing stops the watch.
 */
export class ApiKeys implements Disposable {
  readonly #path: string;
  readonly #logger: Logger;
  #keys: readonly StoredKey[];

  constructor({ path, entries }: KeyFile, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#keys = entries.map(storedKey);
    watchFile(path, { interval: WATCH_INTERVAL_MS, persistent: false }, this.#reread);
  }

  /** The key with this secret; undefined if it is unknown or has expired. Takes the same time for every key. */
  find(presented: string): ApiKey | undefined {
    const digest = createHash("sha256").update(presented).digest();
    const [key] = this.#keys.filter((key) => timingSafeEqual(key.digest, digest));
    return key === undefined || key.expiresAt <= Date.now() ? undefined : key;
  }

  [Symbol.dispose](): void {
    unwatchFile(this.#path, this.#reread);
  }

  readonly #reread = (): void => {
    const file = readKeyFile(this.#path);
    if ("problems" in file) {
      this.#logger.error(
        { problems: file.problems },
        "LOOPGATE_API_KEYS_FILE is invalid and the previous keys remain in effect: correct the file",
      );
      return;
    }
    this.#keys = file.entries.map(storedKey);
    this.#logger.info({ keys: this.#keys.length }, "LOOPGATE_API_KEYS_FILE was reloaded");
  };
}

interface StoredKey extends ApiKey {
  readonly digest: Buffer;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

const storedKey = ({ id, hash, scopes, expires_at }: KeyEntry): StoredKey => ({
  id,
  scopes,
  digest: Buffer.from(hash.slice("sha256:".length), "hex"),
  expiresAt: expires_at === undefined ? Infinity : Date.parse(expires_at),
});
