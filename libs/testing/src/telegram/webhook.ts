import type { Update, WebhookInfo } from "@grammyjs/types";
import { z } from "zod";
import { Refused } from "./refused.ts";
import type { UpdateQueue } from "./update-queue.ts";

const Setting = z.looseObject({
  url: z.url({ protocol: /^https?$/ }),
  secret_token: z
    .string()
    .regex(/^[\w-]{1,256}$/)
    .optional(),
  max_connections: z.number().min(1).max(100).default(40),
  allowed_updates: z.array(z.string()).optional(),
  drop_pending_updates: z.boolean().default(false),
});
const Deleting = z.looseObject({ drop_pending_updates: z.boolean().default(false) });

/** After so long without an answer a delivery has failed, in milliseconds. */
const PATIENCE_MS = 60_000;
const LONGEST_BACK_OFF_S = 60;

interface Tries {
  readonly failed: number;
  /** Not before this time. */
  readonly until: number;
}

/**
 * Telegram's side of a webhook (docs/invariants.md#telegram-updates): one delivery at a time for each chat and for
 * each person who presses, repeated until its answer is a 2xx or the update is too old, less and less often or as
 * `Retry-After` says.
 */
export class Webhook {
  readonly #queue: UpdateQueue;
  readonly #busy = new Set<string>();
  readonly #tries = new Map<number, Tries>();
  readonly #stop = new AbortController();
  #setting: z.infer<typeof Setting> | undefined;
  #lastError: { readonly date: number; readonly message: string } | undefined;

  constructor(queue: UpdateQueue) {
    this.#queue = queue;
  }

  get isSet(): boolean {
    return this.#setting !== undefined;
  }

  /** `setWebhook`; returns the kinds of updates that it asks for. */
  set(payload: unknown): readonly string[] | undefined {
    const setting = Setting.safeParse(payload).data;
    if (setting === undefined) throw new Refused(400, "Bad Request: bad webhook: invalid parameters");
    if (setting.drop_pending_updates) this.#queue.dropAll();
    this.#queue.interrupt();
    this.#setting = setting;
    this.#lastError = undefined;
    this.#tries.clear();
    this.deliver();
    return setting.allowed_updates;
  }

  /** `deleteWebhook` */
  delete(payload: unknown): true {
    if (Deleting.parse(payload ?? {}).drop_pending_updates) this.#queue.dropAll();
    this.#setting = undefined;
    return true;
  }

  /** `getWebhookInfo` */
  info(): WebhookInfo {
    const { url, max_connections, allowed_updates } = this.#setting ?? {};
    return {
      url: url ?? "",
      has_custom_certificate: false,
      pending_update_count: this.#queue.held.length,
      ...(max_connections === undefined ? {} : { max_connections }),
      ...(allowed_updates === undefined ? {} : { allowed_updates }),
      ...(this.#lastError === undefined
        ? {}
        : { last_error_date: this.#lastError.date, last_error_message: this.#lastError.message }),
    } as WebhookInfo;
  }

  /** Delivers what waits and may go now. */
  deliver(): void {
    const seen = new Set<string>();
    for (const update of this.#queue.held) {
      const setting = this.#setting;
      if (setting === undefined || this.#busy.size >= setting.max_connections) return;
      const line = lineOf(update);
      const isFirst = !seen.has(line) && !this.#busy.has(line);
      seen.add(line);
      if (!isFirst || (this.#tries.get(update.update_id)?.until ?? 0) > Date.now()) continue;
      this.#busy.add(line);
      void this.#post(setting, update).finally(() => {
        this.#busy.delete(line);
        this.deliver();
      });
    }
  }

  /** Delivers nothing more. */
  close(): void {
    this.#setting = undefined;
    this.#stop.abort();
  }

  async #post({ url, secret_token }: z.infer<typeof Setting>, update: Update): Promise<void> {
    const headers = {
      "content-type": "application/json",
      ...(secret_token === undefined ? {} : { "x-telegram-bot-api-secret-token": secret_token }),
    };
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers,
        body: this.#queue.jsonOf(update.update_id),
        signal,
      });
      await response.body?.cancel();
      if (response.ok) this.#queue.confirm(update.update_id);
      else this.#failed(update, `Wrong response from the webhook: ${response.status}`, response.headers);
    } catch {
      this.#failed(update, "Connection refused");
    }
  }

  #failed({ update_id }: Update, message: string, headers?: Headers): void {
    this.#lastError = { date: Math.floor(Date.now() / 1_000), message };
    const failed = (this.#tries.get(update_id)?.failed ?? 0) + 1;
    const backOff = failed === 1 ? 0 : Math.min(LONGEST_BACK_OFF_S, 2 ** (failed - 1));
    const asked = headers?.get("retry-after");
    const waitMs = (typeof asked === "string" ? Number(asked) : backOff) * 1_000;
    this.#tries.set(update_id, { failed, until: Date.now() + waitMs });
    setTimeout(() => this.deliver(), waitMs + 5).unref();
  }
}

/** What is delivered in order, one at a time. */
function lineOf({ callback_query, message }: Update): string {
  if (callback_query !== undefined) return `presses of ${callback_query.from?.id}`;
  return message === undefined ? "other" : `chat ${message.chat?.id}`;
}
