import type { EventLog, RequestQueries } from "@loopgate/bus";
import type { CreatedEvent, Recipient } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Channel } from "@loopgate/requests";
import type { Logger, Metrics } from "@loopgate/runtime";
import type { Buckets } from "../src/buckets.ts";

/** The people of these tests. Alice and Bob may answer in the room, Mallory only reads there. */
export type Person = "alice" | "bob" | "mallory";

/** Alice's own place, a room that all three read, and a place that can never be reached. */
export type Place = "alice" | "room" | "nowhere";

/** What a notifier shares with its channel. */
interface Surroundings {
  readonly log: EventLog;
  readonly queries: RequestQueries;
  readonly buckets: Buckets;
  readonly policies: () => readonly RecipientPolicy[];
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A message that shows a question. */
export interface ShownCopy {
  readonly id: string;
  readonly text: string;
  /** True while it takes answers. */
  readonly isOpen: boolean;
}

/** An option by its label, a button's own data, or text. */
type Choice = { readonly option: string } | { readonly button: string } | { readonly text: string };

/** What a person was told of an answer. */
export type Told =
  | "recorded"
  | "already_recorded"
  | "already_decided"
  | "not_saved"
  | "not_handled"
  | "rejected";

/** A channel, and people who use it. It outlives the notifiers that are started over it. */
export interface ChannelUnderTest extends AsyncDisposable {
  readonly account: string;
  readonly policy: RecipientPolicy;

  /** Makes the channel of one process. */
  connect(surroundings: Surroundings): Promise<Channel>;

  recipientAt(place: Place, people: readonly Person[]): Recipient;

  /** The messages that show questions at a place, oldest first. */
  copiesAt(place: Place): readonly ShownCopy[];

  /** What a place was told of outages. */
  noticesAt(place: Place): readonly string[];

  /** A person answers the question of a message. Returns what the person has been told of it so far. */
  answer(person: Person, place: Place, copy: ShownCopy, choice: Choice): () => readonly Told[];

  /** The data of the button that a question's message has for an option. */
  buttonOf(created: CreatedEvent, option: number): string;
}
