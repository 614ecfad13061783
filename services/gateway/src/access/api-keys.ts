import { createHash, timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import type { Logger } from "@loopgate/runtime";
import { type KeyEntry, type KeyFile, type KeyScope, readKeyFile } from "./key-file.ts";

/** How often the file is looked at, in milliseconds. */
const WATCH_INTERVAL_MS = 1_000;

/** A key that counts now. */
export interface ApiKey {
  readonly id: string;
  readonly scopes: readonly KeyScope[];
}

/**
 * The keys of the operator's file. They follow the file within seconds; while it is broken, those that stood go on, and
 * the log says what is wrong. Disposing ends the watch.
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

  /** The key that was presented; undefined for one that is unknown or has expired. Takes the same time for all. */
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
        "LOOPGATE_API_KEYS_FILE is broken; its last keys go on",
      );
      return;
    }
    this.#keys = file.entries.map(storedKey);
    this.#logger.info({ keys: this.#keys.length }, "LOOPGATE_API_KEYS_FILE was read again");
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
