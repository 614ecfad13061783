import type { RequestResource } from "@loopgate/contracts/v1/request";
import { type Signal, signal } from "@preact/signals";
import type { Api } from "./api.ts";
import { foldedRows } from "./shown-text.ts";

/** What a person has entered for a request. */
export interface Draft {
  /** The value of the selected option. */
  readonly option?: string;
  readonly comment?: string;
  readonly text?: string;
  /** Set once it is sent: repeating it with this key is the same answer. */
  readonly key?: string;
}

export type Progress =
  | { readonly kind: "open" | "sending" | "unsaved" | "recorded" }
  /** An approval of a text that was not shown whole asks once. */
  | { readonly kind: "asking" }
  /** Another decision was first. `pressedAt` is in milliseconds since 1970. */
  | { readonly kind: "late"; readonly pressedAt: number }
  | { readonly kind: "refused"; readonly why: string };

export interface AnswersOptions {
  readonly api: Pick<Api, "decide">;
  /** Survives a reload of the tab. */
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly onRequest: (request: RequestResource) => void;
  readonly newKey: () => string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** For this long after buttons appear, presses do nothing: they may be meant for what was there before. */
const INERT_MS = 500;
const RETRY_MS = { first: 1_000, most: 10_000 } as const;

/** The answers that a person gives in this tab. Sending one blocks no other. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /**
   * Says that a request appears before the person: presses do nothing at first. Goes on with an answer that a reload has
   * interrupted.
   */
  async show(request: RequestResource): Promise<void> {
    const entry = this.#entry(request.request_id);
    if (entry.draft.peek().key !== undefined) void this.#send(request);
    await this.#pause(entry);
  }

  /** True while presses do nothing: their target has just appeared, or the answer is on its way. */
  isInert(id: string): boolean {
    return this.#entry(id).isInert.value || this.isBusy(id);
  }

  /** True while an answer is on its way. */
  isBusy(id: string): boolean {
    return isSent(this.progressOf(id));
  }

  progressOf(id: string): Progress {
    return this.#entry(id).progress.value;
  }

  draftOf(id: string): Draft {
    return this.#entry(id).draft.value;
  }

  /** Changes a draft, unless it is on its way. */
  edit(id: string, change: Draft): void {
    const { draft, progress } = this.#entry(id);
    if (isFree(progress.peek())) this.#keep(id, { ...draft.peek(), ...change });
  }

  /** Answers with an option. */
  async choose(request: RequestResource, option: string): Promise<void> {
    if (this.isInert(request.request_id)) return;
    this.edit(request.request_id, { option });
    await this.submit(request);
  }

  /** Answers with what was entered. While a part of the text is folded, an approval asks first. */
  async submit(request: RequestResource): Promise<void> {
    const { request_id: id } = request;
    const { progress, draft } = this.#entry(id);
    const { option, text = "" } = draft.peek();
    if (this.isInert(id) || !isFree(progress.peek()) || (option === undefined && text.trim() === "")) return;
    const approves = request.options.find(({ value }) => value === option)?.effect === "approve";
    if (approves && progress.peek().kind !== "asking" && this.hiddenRows(request) > 0)
      await this.#ask(this.#entry(id));
    else await this.#send(request);
  }

  /** Goes back from the question about folded rows. */
  reconsider(id: string): void {
    const { progress } = this.#entry(id);
    if (progress.peek().kind === "asking") progress.value = { kind: "open" };
  }

  /** Shows the texts of a request whole. */
  unfold(id: string): void {
    this.#entry(id).isUnfolded.value = true;
    this.reconsider(id);
  }

  /** Rows of the request's texts that are still folded. */
  hiddenRows({ request_id: id, message, metadata, action }: RequestResource): number {
    return this.#entry(id).isUnfolded.value ? 0 : foldedRows(message, metadata, action?.arguments);
  }

  /** Sends the draft, and repeats it with the same key until the server has said what became of it. */
  async #send(request: RequestResource): Promise<void> {
    const { api, sleep, newKey, now } = this.#options;
    const { request_id: id, tag } = request;
    const { draft, progress } = this.#entry(id);
    const { key = newKey(), ...entered } = draft.peek();
    const pressedAt = now();
    this.#keep(id, { ...entered, key });
    progress.value = { kind: "sending" };
    for (let waitMs: number = RETRY_MS.first; ; waitMs = Math.min(2 * waitMs, RETRY_MS.most)) {
      const reply = await api.decide(id, { ...bodyOf(entered), tag }, key);
      if (reply.kind === "ok") {
        this.#settle(id, { kind: "recorded" }, {});
        return this.#options.onRequest(reply.body);
      }
      if (reply.kind === "problem" && !isPassing(reply.problem.status)) {
        const { code, detail, status, request: winner } = reply.problem;
        if (code === "already_decided") this.#settle(id, { kind: "late", pressedAt }, {});
        else this.#settle(id, status === 401 ? { kind: "open" } : { kind: "refused", why: detail }, entered);
        return winner === undefined ? undefined : this.#options.onRequest(winner);
      }
      progress.value = { kind: "unsaved" };
      await sleep(waitMs);
    }
  }

  /** A second press of a double click does not answer the question that the first has raised. */
  async #ask(entry: Entry): Promise<void> {
    entry.progress.value = { kind: "asking" };
    await this.#pause(entry);
  }

  async #pause(entry: Entry): Promise<void> {
    const pause = (entry.pauses += 1);
    entry.isInert.value = true;
    await this.#options.sleep(INERT_MS);
    if (entry.pauses === pause) entry.isInert.value = false;
  }

  #settle(id: string, progress: Progress, draft: Draft): void {
    this.#keep(id, draft);
    this.#entry(id).progress.value = progress;
  }

  #keep(id: string, draft: Draft): void {
    const { storage } = this.#options;
    this.#entry(id).draft.value = draft;
    if (Object.keys(draft).length === 0) storage.removeItem(nameOf(id));
    else storage.setItem(nameOf(id), JSON.stringify(draft));
  }

  #entry(id: string): Entry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const stored: Draft = JSON.parse(this.#options.storage.getItem(nameOf(id)) ?? "{}");
    const entry: Entry = {
      draft: signal(stored),
      progress: signal<Progress>({ kind: "open" }),
      isUnfolded: signal(false),
      isInert: signal(true),
      pauses: 0,
    };
    this.#entries.set(id, entry);
    return entry;
  }
}

interface Entry {
  readonly draft: Signal<Draft>;
  readonly progress: Signal<Progress>;
  readonly isUnfolded: Signal<boolean>;
  readonly isInert: Signal<boolean>;
  pauses: number;
}

const nameOf = (id: string): string => `loopgate.answer.${id}`;

/** Neither on its way nor settled. */
const isFree = ({ kind }: Progress): boolean => kind === "open" || kind === "asking" || kind === "refused";

const isSent = ({ kind }: Progress): boolean => kind === "sending" || kind === "unsaved";

/** The server may do later what it did not do now. */
const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 408;

const bodyOf = ({ option, text, comment }: Draft) => ({
  ...(option === undefined ? { text: text ?? "" } : { option }),
  ...(comment === undefined || comment.trim() === "" ? {} : { comment }),
});
