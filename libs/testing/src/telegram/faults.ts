/** What can go wrong with a call to Telegram. `reset_after`: done, but the answer is lost. */
export type Fault =
  | {
      readonly kind: "refuse";
      readonly code: number;
      readonly description: string;
      readonly parameters?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "html" }
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "reset_before" }
  | { readonly kind: "reset_after" };

/** Telegram's answer to too many calls. */
export const tooManyRequests = (retryAfterSeconds: number): Fault => ({
  kind: "refuse",
  code: 429,
  description: `Too Many Requests: retry after ${retryAfterSeconds}`,
  parameters: { retry_after: retryAfterSeconds },
});

/** Faults that wait for their call. */
export class FaultList {
  #waiting: { readonly method: string; readonly fault: Fault; left: number }[] = [];

  add(method: string, fault: Fault, times: number): void {
    this.#waiting.push({ method, fault, left: times });
  }

  /** Forgets the faults that still wait. */
  clear(): void {
    this.#waiting = [];
  }

  /** The fault for this call, if one waits for it. */
  take(method: string): Fault | undefined {
    const found = this.#waiting.find((one) => one.method === method && one.left > 0);
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault;
  }
}
