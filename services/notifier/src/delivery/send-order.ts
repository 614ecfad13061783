import { PlaceQueue } from "./place-queue.ts";
import type { Position } from "./position.ts";

/** Who asked a question, and when. */
interface Asked {
  /** Identifies the client. */
  readonly client: string;
  /** The question's sequence in the log. */
  readonly seq: number;
}

/**
 * The order in which questions are sent: at each place in turns between clients, and for each client in the order of
 * asking, as far as its questions have arrived here.
 */
export class SendOrder {
  /** The places with questions. */
  readonly #places = new Map<string, PlaceQueue>();

  /** Queues a question at a place. Call it as soon as the question arrives, before anything asynchronous. */
  enter(place: string, { client, seq }: Asked): Position {
    const queue = this.#places.get(place) ?? new PlaceQueue(() => this.#places.delete(place));
    this.#places.set(place, queue);
    return queue.enter(client, seq);
  }

  /** How many places have questions. */
  get size(): number {
    return this.#places.size;
  }
}
