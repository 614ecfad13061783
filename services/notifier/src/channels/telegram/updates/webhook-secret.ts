import { createHash, timingSafeEqual } from "node:crypto";
import { watchFile } from "@loopgate/async";
import type { Logger } from "@loopgate/runtime";
import { readSecretFile } from "@loopgate/settings";
import { z } from "zod";

/** What Telegram accepts as the secret of a webhook. */
export const webhookSecret = z
  .string()
  .regex(/^[\w-]{1,256}$/, "must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -");

/** Shorter secrets can be guessed by trial. */
const SAFE_LENGTH = 16;

/**
 * How long the secret before is accepted, in milliseconds: replicas find a change at different times, and Telegram uses the
 * new secret once the holder of the lease has set it.
 */
const FORMER_FOR_MS = 120_000;

export interface WebhookSecretOptions {
  readonly secret: string;
  /** Where the secret comes from: a change takes effect within seconds. */
  readonly secretFile?: string | undefined;
  readonly logger: Logger;
}

/**
 * What proves that an update comes from Telegram. While its file is invalid, the last valid secret remains in effect and the
 * log names the problem.
 */
export class WebhookSecret {
  readonly #options: WebhookSecretOptions;
  #current: string;
  #former: { readonly secret: string; readonly until: number } | undefined;
  #problem: string | undefined;
  #change = new AbortController();

  constructor(options: WebhookSecretOptions) {
    this.#options = options;
    this.#current = options.secret;
    this.#warnIfShort();
  }

  get current(): string {
    return this.#current;
  }

  /** Aborts when `current` is no longer the secret. */
  get changed(): AbortSignal {
    return this.#change.signal;
  }

  /** Takes the same time for every value. */
  accepts(received: string): boolean {
    const digest = sha256(received);
    const isCurrent = timingSafeEqual(digest, sha256(this.#current));
    const { secret = this.#current, until = 0 } = this.#former ?? {};
    const isFormer = timingSafeEqual(digest, sha256(secret)) && performance.now() < until;
    return isCurrent || isFormer;
  }

  /** Looks for changes of the file until the result is disposed of. */
  watch(): Disposable {
    const { secretFile } = this.#options;
    if (secretFile === undefined) return { [Symbol.dispose]: () => undefined };
    return watchFile(secretFile, () => this.#reread(secretFile));
  }

  async #reread(file: string): Promise<void> {
    const read = await readSecretFile(file, webhookSecret);
    const { logger } = this.#options;
    if (read.kind === "unusable") {
      if (read.problem !== this.#problem) {
        logger.error(`TELEGRAM_WEBHOOK_SECRET_FILE ${read.problem}: the previous secret remains in effect`);
      }
      this.#problem = read.problem;
      return;
    }
    this.#problem = undefined;
    if (read.value === this.#current) return;
    this.#former = { secret: this.#current, until: performance.now() + FORMER_FOR_MS };
    this.#current = read.value;
    logger.info("TELEGRAM_WEBHOOK_SECRET_FILE has a new secret");
    this.#warnIfShort();
    this.#change.abort();
    this.#change = new AbortController();
  }

  #warnIfShort(): void {
    if (this.#current.length >= SAFE_LENGTH) return;
    this.#options.logger.warn(
      "TELEGRAM_WEBHOOK_SECRET is short: a sender who guesses it can answer as any person; set at least 16 characters",
    );
  }
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
