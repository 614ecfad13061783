import { keyToken } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import type { AnswerMessage, ContinuationMessage } from "@loopgate/requests";
import { z } from "zod";

const Part = z.looseObject({
  key: z.string(),
  text: z.string(),
  stored_at: z.string(),
  may_continue: z.boolean(),
});
type Part = z.infer<typeof Part>;

export type WholeText =
  | { readonly kind: "text"; readonly text: string; readonly isTruncated: boolean }
  /** The rest may still come. */
  | { readonly kind: "wait"; readonly forMs: number };

/** A part has two seconds to be stored, and one to be handled. */
const REST_WITHIN_MS = 3_000;
const MAX_PARTS = 4;
/** Of a text in one message. A longer one was cut inside a word; a shorter one at a blank, which is lost. */
const MESSAGE_LENGTH = 4_096;

/**
 * Answers that came as several messages. Each further part is kept in the `copies` bucket under the message that it
 * continues, and the first part waits for it.
 */
export class LongTexts {
  readonly #bucket: Bucket;
  readonly #now: () => Date;

  constructor(bucket: Bucket, now: () => Date) {
    this.#bucket = bucket;
    this.#now = now;
  }

  /** Keeps a further part. @throws Unavailable */
  async keep({ of, key, text, storedAt, mayContinue }: ContinuationMessage): Promise<void> {
    const part: Part = { key, text, stored_at: storedAt, may_continue: mayContinue };
    await this.#bucket.create(keyOf(of), JSON.stringify(part));
  }

  /** The text that begins with this message. It waits for no part beyond `until`. @throws Unavailable */
  async whole(
    { key, storedAt }: Pick<AnswerMessage, "key" | "storedAt">,
    { text, mayContinue = false }: { readonly text: string; readonly mayContinue?: boolean | undefined },
    until: Date,
  ): Promise<WholeText> {
    let last: Part = { key, text, stored_at: storedAt, may_continue: mayContinue };
    let whole = text;
    for (let parts = 1; last.may_continue; parts++) {
      const found = parts < MAX_PARTS ? await this.#bucket.get(keyOf(last.key)) : undefined;
      const restBy = Math.min(Date.parse(last.stored_at) + REST_WITHIN_MS, until.getTime());
      const waitMs = restBy - this.#now().getTime();
      if (found === undefined && parts < MAX_PARTS && waitMs > 0) return { kind: "wait", forMs: waitMs };
      if (found === undefined) return { kind: "text", text: whole, isTruncated: true };
      const next = Part.parse(JSON.parse(found.value));
      whole += `${last.text.length < MESSAGE_LENGTH ? " " : ""}${next.text}`;
      last = next;
    }
    return { kind: "text", text: whole, isTruncated: false };
  }
}

const keyOf = (continued: string): string => keyToken("continuation", continued);
