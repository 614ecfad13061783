import { createHash, timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "@loopgate/runtime";
import { type KeyEntry, type KeyFile, readKeyFile } from "./key-file.ts";
import type { Scope } from "@loopgate/rest";

/** How often the file is checked for changes, in milliseconds. */
const CHECK_INTERVAL_MS = 1_000;

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
  /** Unknown at first: the file may have changed since the settings were read. */
  #version: string | undefined;
  #isInvalid = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ path, entries }: KeyFile, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#entries = entries;
    this.#keys = entries.map(storedKey);
    this.#scheduleCheck();
  }

  /** The key with this secret; undefined if it is unknown or has expired. Takes the same time for every key. */
  find(presented: string): ApiKey | undefined {
    const digest = createHash("sha256").update(presented).digest();
    const [key] = this.#keys.filter((key) => timingSafeEqual(key.digest, digest));
    return key === undefined || key.expiresAt <= Date.now() ? undefined : key;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #scheduleCheck(): void {
    const timer = setTimeout(() => void this.#checkOnce(timer), CHECK_INTERVAL_MS);
    this.#timer = timer.unref();
  }

  async #checkOnce(timer: NodeJS.Timeout): Promise<void> {
    await this.#check();
    if (this.#timer === timer) this.#scheduleCheck();
  }

  /** Takes the version before it reads, so that a change during the read is found by the next check. */
  async #check(): Promise<void> {
    const version = await versionOf(this.#path);
    if (version === this.#version) return;
    this.#version = version;
    await this.#reread();
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

/** Differs after every change of the file, also if another file replaced it. */
async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join("-");
  } catch {
    return "unreadable";
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
