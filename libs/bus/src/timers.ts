import type { DueEvent, RequestRef } from "@loopgate/contracts";

/**
 * Durable timers. When a timer is due, its event is appended to the log on `dueSubject(ref, name)`, at least once. A
 * timer never fires early, but it may fire late or twice: its consumer must tolerate both. Both methods throw
 * `Unavailable` if the log does not answer.
 */
export interface Timers {
  /**
   * Sets the timer `name` of this request, replacing an earlier one of that name. Durable once it resolves. A time in
   * the past is due at once.
   */
  set(ref: RequestRef, name: string, at: Date, due: DueEvent): Promise<void>;

  /** Cancels a timer if it exists. Best effort: a timer that is about to fire may still fire. */
  cancel(ref: RequestRef, name: string): Promise<void>;
}
