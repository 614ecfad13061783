import type { CallResult } from "@loopgate/requests";
import { ClientQueue } from "./client-queue.ts";
import { Position } from "./position.ts";

/** A question waits for its turn if at most so many come before it. More would take the consumer's slots from other places. */
const MAX_AHEAD = 8;

/**
 * The questions of one place. Its clients are served in turns, and one send is under way at a time. A client that has had
 * no question here gets its first turn before the client that was served last gets its next one.
 */
export class PlaceQueue {
  readonly #onEmpty: () => void;
  readonly #queues = new Map<string, ClientQueue>();
  /** The clients with questions here, in the order of their turns. */
  readonly #turns: ClientQueue[] = [];
  #servedLast: ClientQueue | undefined;
  #size = 0;
  #isSending = false;
  /** True after a failure, until a send succeeds. */
  #isFailing = false;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /** How many questions are here. */
  get size(): number {
    return this.#size;
  }

  enter(client: string, seq: number): Position {
    const position = new Position(client, seq, this);
    (this.#queues.get(client) ?? this.#join(client)).insert(position);
    this.#size += 1;
    return position;
  }

  /** A question waits for its turn from now on. */
  waits(position: Position): void {
    if (!this.#isNear(position)) position.putOff();
    this.#advance();
  }

  /** A question's send has ended: with a result, or with an exception. */
  ended(position: Position, sent: CallResult<unknown> | undefined): void {
    this.#isSending = false;
    const isPutOff = sent?.kind === "failed" && position.backOff(sent.failure);
    if (isPutOff) this.#failed(position);
    if (sent?.kind === "ok") this.#succeeded(position);
    if (!isPutOff) position[Symbol.dispose]();
    this.#advance();
  }

  /** A question whose time to back off is over is tried again. */
  resume(position: Position): void {
    position.resume();
    this.#advance();
  }

  leave(position: Position): void {
    const queue = this.#queues.get(position.client);
    if (queue?.remove(position) !== true) return;
    this.#size -= 1;
    if (queue.positions.length === 0) this.#part(queue);
    if (this.#size === 0) this.#onEmpty();
    this.#advance();
  }

  /** Sends what is next, and resumes the questions that are near their turn. */
  #advance(): void {
    if (!this.#isSending) this.#serveNext();
    let ahead = 0;
    for (const queue of this.#turns) {
      if (ahead > MAX_AHEAD) return;
      if (queue.next === undefined) continue;
      ahead += 1;
      for (const position of queue.positions.slice(0, MAX_AHEAD + 1))
        if (position.isBehind && this.#isNear(position)) position.resume();
    }
  }

  #serveNext(): void {
    const at = this.#turns.findIndex(({ next }) => next?.isWaiting);
    const [queue] = at < 0 ? [] : this.#turns.splice(at, 1);
    if (queue === undefined) return;
    this.#turns.push(queue);
    this.#servedLast = queue;
    this.#isSending = true;
    queue.next?.go();
  }

  /** While the place fails, only the next question of each client is tried. */
  #isNear(position: Position): boolean {
    const queue = this.#queues.get(position.client);
    if (queue?.next === undefined || (this.#isFailing && queue.next !== position)) return false;
    const earlier = queue.positions.slice(0, MAX_AHEAD + 1).indexOf(position);
    return earlier >= 0 && this.#isNearInTurns(queue, earlier);
  }

  /** Each other client has its turns before: as many as this question has earlier ones, and one more if it comes first. */
  #isNearInTurns(own: ClientQueue, earlier: number): boolean {
    let ahead = earlier;
    let isBefore = true;
    for (const queue of this.#turns) {
      if (ahead > MAX_AHEAD) return false;
      if (queue === own) isBefore = false;
      else if (queue.next !== undefined)
        ahead += Math.min(queue.positions.length, isBefore ? earlier + 1 : earlier);
      if (!isBefore && earlier === 0) break;
    }
    return ahead <= MAX_AHEAD;
  }

  /** The later questions of the client wait for this one. */
  #failed(position: Position): void {
    const queue = this.#queues.get(position.client);
    queue?.failed(position);
    if (!position.isAtFault) this.#isFailing = true;
    for (const one of queue?.positions ?? []) if (one.isWaiting && !this.#isNear(one)) one.putOff();
  }

  /** The first success wakes what failed before. */
  #succeeded(position: Position): void {
    this.#queues.get(position.client)?.sent(position);
    if (!this.#isFailing) return;
    this.#isFailing = false;
    for (const { positions } of this.#turns)
      for (const failed of positions) if (failed.backOffMs !== undefined) failed.resume();
  }

  #join(client: string): ClientQueue {
    const queue = new ClientQueue(client);
    const isLastServed = this.#servedLast !== undefined && this.#turns.at(-1) === this.#servedLast;
    this.#turns.splice(this.#turns.length - (isLastServed ? 1 : 0), 0, queue);
    this.#queues.set(client, queue);
    return queue;
  }

  #part(queue: ClientQueue): void {
    this.#turns.splice(this.#turns.indexOf(queue), 1);
    this.#queues.delete(queue.client);
  }
}
