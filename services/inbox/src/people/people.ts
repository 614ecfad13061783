import { type Bucket, changeValue } from "@loopgate/bus";
import { timestamp } from "@loopgate/contracts";
import { type PersonProfile, PersonRecord } from "./person.ts";

/** Who may sign in. All methods throw `Unavailable` if the bucket does not answer. */
export class People {
  readonly #bucket: Bucket;

  /** @param bucket the `people` bucket */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async get(id: string): Promise<PersonRecord | undefined> {
    const found = await this.#bucket.get(id);
    return found === undefined ? undefined : recordIn(found.value);
  }

  /**
   * Stores a person, or replaces the profile of one that is known. Undefined if the person's rights were taken away after
   * the operator gave this profile.
   */
  async admit(profile: PersonProfile, givenAt: Date): Promise<PersonRecord | undefined> {
    let admitted: PersonRecord | undefined;
    await changeValue(this.#bucket, profile.id, (value) => {
      const known = value === undefined ? undefined : recordIn(value);
      const wasRevoked = known?.revoked_at !== undefined && Date.parse(known.revoked_at) >= givenAt.getTime();
      admitted = wasRevoked ? undefined : { ...profile, epoch: known?.epoch ?? 0 };
      return admitted === undefined ? undefined : JSON.stringify(admitted);
    });
    return admitted;
  }

  /** Ends every browser session of a person. */
  async endSessions(id: string): Promise<void> {
    await changeValue(this.#bucket, id, (value) => {
      if (value === undefined) return undefined;
      const person = recordIn(value);
      return JSON.stringify({ ...person, epoch: person.epoch + 1 });
    });
  }

  /** Takes all rights of a person away: ends every browser session, and makes every older code useless. */
  async revoke(profile: PersonProfile, at = new Date()): Promise<void> {
    await changeValue(this.#bucket, profile.id, (value) => {
      const { epoch } = value === undefined ? { epoch: 0 } : recordIn(value);
      const noRights = { principals: [], roles: [], epoch: epoch + 1, revoked_at: timestamp(at) };
      return JSON.stringify({ ...profile, ...noRights });
    });
  }
}

const recordIn = (value: string): PersonRecord => PersonRecord.parse(JSON.parse(value));
