import { timingSafeEqual } from "node:crypto";
import { type Bucket, BROWSER_SESSIONS_MS } from "@loopgate/bus";
import { timestamp } from "@loopgate/contracts";
import { z } from "zod";
import type { People } from "../people/people.ts";
import type { PersonRecord } from "../people/person.ts";
import { hashOf, newSecret } from "./secret.ts";
import { Auth } from "./sign-in-codes.ts";

const SessionRecord = z.looseObject({
  person: z.string(),
  epoch: z.int(),
  page_key_hash: z.string(),
  auth: Auth,
  created_at: z.string(),
  ends_at: z.string(),
});

/** The two secrets of a signed-in browser. Only their hashes are stored. */
export interface SessionSecrets {
  /** The value of the cookie, which the browser also sends to other ports of the same host. */
  readonly cookie: string;
  /** What the page itself keeps, for its own origin alone, and sends with every call. */
  readonly pageKey: string;
}

/** A person who is signed in, as one browser session proves it. */
export interface SignedIn {
  readonly person: PersonRecord;
  readonly auth: Auth;
}

export interface BrowserSessionsOptions {
  /** The `web_sessions` bucket. */
  readonly bucket: Bucket;
  readonly people: People;
  readonly now?: () => Date;
}

const SECRET_BYTES = 32;

/**
 * Browsers that are signed in. A cookie alone proves nothing: browsers send it to every port of a host, so each call also
 * brings the key of the page. All methods throw `Unavailable` if a bucket does not answer.
 */
export class BrowserSessions {
  readonly #bucket: Bucket;
  readonly #people: People;
  readonly #now: () => Date;

  constructor({ bucket, people, now = () => new Date() }: BrowserSessionsOptions) {
    this.#bucket = bucket;
    this.#people = people;
    this.#now = now;
  }

  /** Signs a browser in, always with new secrets. */
  async open(person: PersonRecord, auth: Auth): Promise<SessionSecrets & { readonly endsAt: Date }> {
    const [cookie, pageKey] = [newSecret(SECRET_BYTES), newSecret(SECRET_BYTES)];
    const now = this.#now();
    const endsAt = new Date(now.getTime() + BROWSER_SESSIONS_MS);
    const record: z.infer<typeof SessionRecord> = {
      person: person.id,
      epoch: person.epoch,
      page_key_hash: hashOf(pageKey),
      auth,
      created_at: timestamp(now),
      ends_at: timestamp(endsAt),
    };
    await this.#bucket.create(hashOf(cookie), JSON.stringify(record));
    return { cookie, pageKey, endsAt };
  }

  /** Who is signed in now, with the rights that this person has now; undefined for any other secrets. */
  async find(secrets: SessionSecrets): Promise<SignedIn | undefined> {
    const record = (await this.#read(secrets))?.record;
    if (record === undefined || Date.parse(record.ends_at) <= this.#now().getTime()) return undefined;
    const person = await this.#people.get(record.person);
    return person?.epoch === record.epoch ? { person, auth: record.auth } : undefined;
  }

  /** Signs a browser out. */
  async end(secrets: SessionSecrets): Promise<void> {
    const found = await this.#read(secrets);
    if (found !== undefined) await this.#bucket.delete(hashOf(secrets.cookie), found.revision);
  }

  async #read({ cookie, pageKey }: SessionSecrets) {
    const found = await this.#bucket.get(hashOf(cookie));
    if (found === undefined) return undefined;
    const record = SessionRecord.parse(JSON.parse(found.value));
    return isSame(record.page_key_hash, hashOf(pageKey)) ? { record, revision: found.revision } : undefined;
  }
}

const isSame = (hash: string, other: string): boolean =>
  hash.length === other.length && timingSafeEqual(Buffer.from(hash), Buffer.from(other));
