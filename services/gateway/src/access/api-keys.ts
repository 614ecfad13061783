import { createHash, timingSafeEqual } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { watchFile } from "@loopgate/async";
import type { Logger } from "@loopgate/runtime";
import { type KeyEntry, type KeyFile, readKeyFile } from "./key-file.ts";
import type { Scope } from "@loopgate/rest";

export interface ApiKey {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

/**
 * The keys in the operator's file. Changes take effect within seconds. While the file is invalid, its last valid content
 * remains in effect and the log names the problems. Disposing stops the checks.
 */
export class ApiKeys implements Disposable {
  readonly #path: string;
  readonly #logger: Logger;
  #entries: readonly KeyEntry[];
  #keys: readonly StoredKey[];
  #isInvalid = false;
  readonly #watch: Disposable;

  constructor({ path, entries }: KeyFile, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#entries = entries;
    this.#keys = entries.map(storedKey);
    this.#watch = watchFile(path, () => this.#reread());
  }

  /** The key with this secret; undefined if it is unknown or has expired. Takes the same time for every key. */
  find(presented: string): ApiKey | undefined {
    const digest = createHash("sha256").update(presented).digest();
    const [key] = this.#keys.filter((key) => timingSafeEqual(key.digest, digest));
    return key === undefined || key.expiresAt <= Date.now() ? undefined : key;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #reread(): Promise<void> {
    const file = await readKeyFile(this.#path);
    if ("problems" in file) {
      this.#isInvalid = true;
      this.#logger.error(
        { problems: file.problems },
        "LOOPGATE_API_KEYS_FILE is invalid and the previous keys remain in effect: correct the file",
      );
      return;
    }
    if (!this.#isInvalid && isDeepStrictEqual(file.entries, this.#entries)) return;
    this.#isInvalid = false;
    this.#entries = file.entries;
    this.#keys = file.entries.map(storedKey);
    this.#logger.info({ keys: this.#keys.length }, "LOOPGATE_API_KEYS_FILE was reloaded");
  }
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
