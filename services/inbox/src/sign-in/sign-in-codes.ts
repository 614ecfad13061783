import type { Bucket } from "@loopgate/bus";
import { timestamp } from "@loopgate/contracts";
import { z } from "zod";
import { PersonProfile } from "../people/person.ts";
import { hashOf, newSecret } from "./secret.ts";

/** How a person was proven: by a code that this machine printed, or by a link that the operator passed on. */
export const Auth = z.enum(["local", "link"]);
export type Auth = z.infer<typeof Auth>;

const CodeRecord = z.looseObject({
  person: PersonProfile,
  auth: Auth,
  issued_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
});

/** Whom a code signs in. */
export interface SignIn {
  readonly profile: PersonProfile;
  readonly auth: Auth;
}

/** Too many to guess: 128 bits. */
const CODE_BYTES = 16;
const CODE = /^[0-9a-f]{32}$/;

/** How long a code that this machine prints is valid, in milliseconds. */
const LOCAL_CODE_MS = 600_000;
/** How long an invitation is valid, in milliseconds. */
const INVITATION_MS = 86_400_000;

/** Codes that sign in once. Only their hashes are stored. All methods throw `Unavailable` if the bucket does not answer. */
export class SignInCodes {
  readonly #bucket: Bucket;
  readonly #now: () => Date;

  /** @param bucket the `web_codes` bucket */
  constructor(bucket: Bucket, now: () => Date = () => new Date()) {
    this.#bucket = bucket;
    this.#now = now;
  }

  /** A new code. It is a secret: it signs any browser in as this person. */
  async issue({ profile, auth }: SignIn): Promise<string> {
    const code = newSecret(CODE_BYTES);
    const now = this.#now();
    const lifeMs = auth === "local" ? LOCAL_CODE_MS : INVITATION_MS;
    const record: z.infer<typeof CodeRecord> = {
      person: profile,
      auth,
      issued_at: timestamp(now),
      ends_at: timestamp(now.getTime() + lifeMs),
    };
    await this.#bucket.create(hashOf(code), JSON.stringify(record));
    return code;
  }

  /** Whom a code signs in; undefined if it is unknown, too old or used. Of concurrent calls one gets the person. */
  async spend(code: string): Promise<(SignIn & { readonly issuedAt: Date }) | undefined> {
    if (!CODE.test(code)) return undefined;
    const key = hashOf(code);
    const found = await this.#bucket.get(key);
    if (found === undefined) return undefined;
    const { person, auth, issued_at, ends_at } = CodeRecord.parse(JSON.parse(found.value));
    if (!(await this.#bucket.delete(key, found.revision))) return undefined;
    if (Date.parse(ends_at) <= this.#now().getTime()) return undefined;
    return { profile: person, auth, issuedAt: new Date(issued_at) };
  }
}
