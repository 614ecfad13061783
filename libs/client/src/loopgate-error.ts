import type { RequestView } from "@loopgate/contracts";

interface Circumstances {
  readonly cause?: unknown;
  readonly request?: RequestView | undefined;
}

/** Loopgate said no, or can't be reached. `code` is stable; `message` names the next step and is not. */
export class LoopgateError extends Error {
  override readonly name = "LoopgateError";
  /**
   * `idempotency_key_used` (your key belongs to an earlier call, whose request has ended: a new question needs a new key),
   * `idempotency_conflict`, `already_decided`, `no_recipient`, `unauthorized`, `unavailable`, …
   */
  readonly code: string;
  /** The request that is the reason, if one is. In `idempotency_key_used` it answers the earlier call, never this one. */
  readonly request: RequestView | undefined;

  constructor(code: string, message: string, { cause, request }: Circumstances = {}) {
    super(message, { cause });
    this.code = code;
    this.request = request;
  }
}
