import { keyToken } from "@loopgate/contracts";
import { type Bucket, changeValue } from "@loopgate/bus";
import { z } from "zod";

/** Whose submission it is, and what it asks: two submissions with the same scope and fingerprint are the same. */
export interface SubmissionIdentity {
  readonly tenant: string;
  readonly caller: string;
  readonly clientId: string;
  readonly sessionId: string;
  readonly fingerprint: string;
}

/** The question that a caller left before it heard the id, and how many calls have waited for it. */
export const Departure = z.object({ request_id: z.string(), calls: z.int() });
export type Departure = z.infer<typeof Departure>;

/**
 * Submissions whose callers left while they waited, before they heard the id: a client's own time limit, a lost
 * connection. The same submission finds its question here, on any gateway, instead of asking twice.
 */
export class Departures {
  readonly #bucket: Bucket;

  /** @param bucket the `departures` bucket, which forgets after 15 minutes */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Remembers that the caller of this submission left. The newest question counts. */
  async record(submission: SubmissionIdentity, departure: Departure): Promise<void> {
    await changeValue(this.#bucket, keyOf(submission), () => JSON.stringify(departure));
  }

  /** The departure that this submission repeats: for one caller only, because two that still listen are two questions. */
  async take(submission: SubmissionIdentity): Promise<Departure | undefined> {
    const key = keyOf(submission);
    const stored = await this.#bucket.get(key);
    if (stored === undefined || !(await this.#bucket.delete(key, stored.revision))) return undefined;
    return Departure.parse(JSON.parse(stored.value));
  }
}

const keyOf = ({ tenant, caller, clientId, sessionId, fingerprint }: SubmissionIdentity): string =>
  keyToken(tenant, caller, clientId, sessionId, fingerprint);
