import { type BusObserver, type EventLog, Rejected } from "@loopgate/bus";
import {
  deadLetterSubject,
  type ReceivedEvent,
  receivedEvent,
  receivedSubject,
  unstorableEvent,
} from "@loopgate/contracts";
import type { Channel } from "./channel.ts";

export interface ReceivedStoreOptions {
  readonly log: EventLog;
  readonly channel: Pick<Channel, "name" | "tenant" | "account">;
  readonly observer?: Pick<BusObserver, "deadLettered"> | undefined;
}

/** Identifies what a person sent. */
interface About {
  /** The same when the provider delivers it again; names the channel, the account and the message. Up to 128 characters. */
  readonly id: string;
  /** What it is in the channel's words, such as `message`. Never a text that a person wrote. */
  readonly kind: string;
  /** In bytes. Default: the size of `update` as JSON. */
  readonly size?: number | undefined;
}

export interface Received extends About {
  readonly update: ReceivedEvent["data"]["update"];
}

/**
 * Stores what people send to one account, before the channel confirms it to the provider. Both results mean that it may be
 * confirmed. `set_aside`: no repetition could store it, so the log has a dead letter that tells what it was, without what
 * it says; what was sent after it must not wait.
 */
export class ReceivedStore {
  readonly #log: EventLog;
  readonly #channel: ReceivedStoreOptions["channel"];
  readonly #observer: ReceivedStoreOptions["observer"];

  constructor({ log, channel, observer }: ReceivedStoreOptions) {
    this.#log = log;
    this.#channel = channel;
    this.#observer = observer;
  }

  /**
   * Storing the same again adds nothing.
   * @throws Unavailable while the log does not answer or has no room: nothing may be confirmed then.
   */
  async store({ update, ...about }: Received): Promise<"stored" | "set_aside"> {
    const event = receivedEvent({ ...this.#channel, id: about.id }, update);
    try {
      await this.#log.append(this.#subject, event);
      return "stored";
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      await this.setAside({ ...about, size: about.size ?? bytesOf(update) }, error.message);
      return "set_aside";
    }
  }

  /**
   * Stores only the dead letter of what can't even be read.
   * @throws Unavailable
   */
  async setAside({ id, kind, size }: About, error: string): Promise<void> {
    const { name, account } = this.#channel;
    const consumer = `intake-${name}-${account}`;
    const from = { consumer, subject: this.#subject };
    const letter = unstorableEvent(from, { ...this.#channel, id }, { kind, size, error });
    await this.#log.append(deadLetterSubject(consumer), letter);
    this.#observer?.deadLettered(consumer, { event: id, error, kind, size });
  }

  get #subject(): string {
    const { tenant, name, account } = this.#channel;
    return receivedSubject(tenant, name, account);
  }
}

/** The size of a value as JSON, in bytes. Does not recurse: a value that is nested deep can't be written. */
function bytesOf(value: object): number {
  const values: unknown[] = [value];
  let bytes = 0;
  for (const one of values) {
    if (typeof one !== "object" || one === null) {
      bytes += Buffer.byteLength(typeof one === "string" ? JSON.stringify(one) : String(one));
      continue;
    }
    const members = Object.entries(one);
    bytes += 2 + Math.max(members.length - 1, 0);
    for (const [name, member] of members) {
      values.push(member);
      if (!Array.isArray(one)) bytes += Buffer.byteLength(JSON.stringify(name)) + 1;
    }
  }
  return bytes;
}
