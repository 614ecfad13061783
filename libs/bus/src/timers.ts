import type { DueEvent, RequestRef } from "@loopgate/contracts";

/**
 * Timers that outlive processes. When one is due, its event appears in the log on `dueSubject(ref, name)`, at least
 * once; a time in the past is due at once. A timer that fires late or twice must be harmless to its reader.
 */
export interface Timers {
  /** Sets or replaces the timer `name` of this request. Durable once it resolves. */
  set(ref: RequestRef, name: string, at: Date, due: DueEvent): Promise<void>;

  /** Best effort: a timer that is just firing may still fire. */
  cancel(ref: RequestRef, name: string): Promise<void>;
}
