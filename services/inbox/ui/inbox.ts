import type { RequestResource } from "@loopgate/contracts/v1/request";
import { signal } from "@preact/signals";
import type { Api } from "./api.ts";
import { countForMe, emptyList, type InboxList, newCount, receive, settle } from "./inbox-list.ts";

/** At most this many pages of a hundred are read; a person who faces more does not count them. */
const MAX_PAGES = 5;

/** The requests that wait, for this person and, as far as they may see them, for others; kept up to date. */
export class Inbox {
  readonly list = signal<InboxList>(emptyList);
  /** False until the first reading has ended. */
  readonly isLoaded = signal(false);
  /** True while the pointer or the focus is on the list, whose rows then keep their places. */
  #isHeld = false;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Reads all that waits. What ended unnoticed in the meantime is read one by one. */
  async load(): Promise<void> {
    const found: RequestResource[] = [];
    let cursor: string | null = "";
    for (let page = 0; page < MAX_PAGES && cursor !== null; page += 1) {
      const next = cursor === "" ? {} : { cursor };
      const reply = await this.#api.list({ status: "pending", limit: "100", ...next });
      if (reply.kind !== "ok") return;
      found.push(...reply.body.data);
      cursor = reply.body.next_cursor;
    }
    this.take(found);
    this.isLoaded.value = true;
    const known = new Set(found.map(({ request_id }) => request_id));
    await Promise.all(
      [...this.list.peek().requests.values()]
        .filter(({ request_id, status }) => status === "pending" && !known.has(request_id))
        .map(({ request_id }) => this.refresh(request_id)),
    );
  }

  /** Keeps nothing for the next person in front of this browser. */
  clear(): void {
    this.list.value = emptyList;
    this.isLoaded.value = false;
  }

  async refresh(id: string): Promise<RequestResource | undefined> {
    const reply = await this.#api.request(id);
    if (reply.kind !== "ok") return undefined;
    this.take([reply.body]);
    return reply.body;
  }

  take(requests: readonly RequestResource[]): void {
    this.list.value = receive(this.list.peek(), requests, this.#isHeld);
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.settle();
  }

  /** Puts new requests in their places. */
  settle(): void {
    const list = this.list.peek();
    const settled = settle(list);
    if (settled.shown.join() !== list.shown.join()) this.list.value = settled;
  }

  get waiting(): number {
    return countForMe(this.list.value);
  }

  get fresh(): number {
    return newCount(this.list.value);
  }
}
