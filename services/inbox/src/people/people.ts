import { type Bucket, changeValue } from "@loopgate/bus";
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

  /** Stores a person, or replaces the profile of one that is known. */
  async admit(profile: PersonProfile): Promise<PersonRecord> {
    let admitted: PersonRecord = { ...profile, epoch: 0 };
    await changeValue(this.#bucket, profile.id, (present) => {
      admitted = { ...profile, epoch: present === undefined ? 0 : recordIn(present).epoch };
      return JSON.stringify(admitted);
    });
    return admitted;
  }

  /** Ends every browser session of this person. */
  endSessions(id: string): Promise<void> {
    return this.#change(id, (person) => ({ ...person, epoch: person.epoch + 1 }));
  }

  /** Takes all rights of this person away, and ends every browser session. */
  revoke(id: string): Promise<void> {
    return this.#change(id, (person) => ({ ...person, principals: [], roles: [], epoch: person.epoch + 1 }));
  }

  #change(id: string, change: (person: PersonRecord) => PersonRecord): Promise<void> {
    return changeValue(this.#bucket, id, (present) =>
      present === undefined ? undefined : JSON.stringify(change(recordIn(present))),
    );
  }
}

const recordIn = (value: string): PersonRecord => PersonRecord.parse(JSON.parse(value));
