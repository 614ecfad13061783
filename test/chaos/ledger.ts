import type { RequestView } from "@loopgate/contracts";

/** What the outside world was told, to be held against what stands at the end. */
export class Ledger {
  /** Every idempotency key that was sent, whatever became of the call. */
  readonly asked = new Set<string>();
  /** The id that each idempotency key was given first. */
  readonly ids = new Map<string, string>();
  /** What each press said: by the query that Telegram answers it with. */
  readonly presses = new Map<string, { readonly key: string; readonly option: string }>();
  /** Decisions that a waiting agent or a status call has seen, by request. */
  readonly seen = new Map<string, RequestView>();
  /** What contradicts the guarantees. */
  readonly violations: string[] = [];

  accepted(key: string, view: RequestView): void {
    const before = this.ids.get(key);
    if (before !== undefined && before !== view.request_id) this.violations.push(`${key} has two ids`);
    this.ids.set(key, view.request_id);
    this.saw(view);
  }

  saw(view: RequestView): void {
    if (view.status === "pending") return;
    const before = this.seen.get(view.request_id);
    if (before !== undefined && decisionOf(before) !== decisionOf(view)) {
      this.violations.push(`${view.request_id} was ${decisionOf(before)}, then ${decisionOf(view)}`);
    }
    this.seen.set(view.request_id, view);
  }
}

/** All that makes a decision this one and no other. */
const decisionOf = ({ status, response, decided_at, decided_by, approved }: RequestView): string =>
  JSON.stringify([status, response, decided_at, decided_by, approved]);
