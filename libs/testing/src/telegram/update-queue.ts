import type { Update } from "@grammyjs/types";

/**
 * How long Telegram keeps an update that is not fetched, in milliseconds: presses are short-lived
 * (docs/invariants.md#telegram-updates).
 */
const LIFETIME_MS = { callback_query: 150_000, other: 86_400_000 } as const;

interface Queued {
  readonly update: Update;
  /** How the update is sent. */
  readonly json: string;
  readonly expires: number;
}

interface Poll {
  readonly offset: number;
  readonly limit: number;
  readonly timer: NodeJS.Timeout;
  answer(updates: readonly string[]): void;
  replaced(): void;
}

/** Telegram's side of `getUpdates`: an update stays until a call names a higher offset, or until it is too old. */
export class UpdateQueue {
  /** Called after each push. */
  onPush: () => void = () => undefined;
  readonly #now: () => number;
  #queued: Queued[] = [];
  #nextId = 1_000;
  #poll: Poll | undefined;
  #conflicts = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many polls were ended by another one. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** Updates that were not confirmed in time: Telegram has dropped them. */
  readonly expired: Update[] = [];

  /** Updates that are not confirmed yet. */
  get held(): readonly Update[] {
    return this.#live().map(({ update }) => update);
  }

  /** An update as JSON. */
  jsonOf(id: number): string {
    return this.#queued.find(({ update }) => update.update_id === id)?.json ?? "";
  }

  push(update: object): number {
    return this.pushMembers(JSON.stringify(update).slice(1, -1));
  }

  /** Takes the members of an update as JSON, which may nest deeper than a program can write. */
  pushMembers(members: string): number {
    const id = this.#nextId++;
    const json = members === "" ? `{"update_id":${id}}` : `{"update_id":${id},${members}}`;
    const update = JSON.parse(json) as Update;
    const lifetime = "callback_query" in update ? LIFETIME_MS.callback_query : LIFETIME_MS.other;
    this.#queued.push({ update, json, expires: this.#now() + lifetime });
    if (this.#poll !== undefined && id >= this.#poll.offset) this.#endPoll();
    this.onPush();
    return id;
  }

  /** Forgets one update, which a webhook took. */
  confirm(id: number): void {
    this.#queued = this.#queued.filter(({ update }) => update.update_id !== id);
  }

  /** Forgets every update. */
  dropAll(): void {
    this.#queued = [];
  }

  /** Ends the poll that waits: another one, or a webhook, takes its place. */
  interrupt(): void {
    const poll = this.#poll;
    this.#poll = undefined;
    clearTimeout(poll?.timer);
    poll?.replaced();
  }

  /** Long-polls; a second poll ends the first one with a conflict. */
  receive(
    {
      offset,
      limit,
      timeoutMs,
    }: { readonly offset: number; readonly limit: number; readonly timeoutMs: number },
    answer: (updates: readonly string[]) => void,
    replaced: () => void,
  ): () => void {
    if (offset > 0) this.#queued = this.#queued.filter(({ update }) => update.update_id >= offset);
    if (this.#poll !== undefined) this.#conflicts += 1;
    this.interrupt();
    const waiting = this.#batch(offset, limit);
    if (waiting.length > 0 || timeoutMs === 0) {
      answer(waiting);
      return () => undefined;
    }
    const poll: Poll = {
      offset,
      limit,
      answer,
      replaced,
      timer: setTimeout(() => this.#endPoll(), timeoutMs),
    };
    this.#poll = poll;
    return () => {
      clearTimeout(poll.timer);
      if (this.#poll === poll) this.#poll = undefined;
    };
  }

  #endPoll(): void {
    const poll = this.#poll;
    if (poll === undefined) return;
    this.#poll = undefined;
    clearTimeout(poll.timer);
    poll.answer(this.#batch(poll.offset, poll.limit));
  }

  #batch(offset: number, limit: number): readonly string[] {
    const wanted = this.#live().filter(({ update }) => update.update_id >= offset);
    return wanted.slice(0, limit).map(({ json }) => json);
  }

  #live(): readonly Queued[] {
    const now = this.#now();
    const { old = [], live = [] } = Object.groupBy(this.#queued, ({ expires }) =>
      expires > now ? "live" : "old",
    );
    this.expired.push(...old.map(({ update }) => update));
    this.#queued = live;
    return live;
  }
}
