import { type DueEvent, dueSubject, type RequestRef, streams, timerSubject } from "@loopgate/contracts";
import type { Timers } from "../timers.ts";
import type { NatsParts } from "./connection/nats-parts.ts";
import { retryUnknownOutcome } from "./connection/failures.ts";
import { CALL_TIMEOUT_MS } from "./connection/nats-options.ts";

/**
 * Timers as message schedules of the broker. They carry no Msg-Id: inside the duplicate window it would swallow a timer
 * that is set again (reference eventlog.md 1).
 */
export class NatsTimers implements Timers {
  readonly #parts: NatsParts;

  constructor(parts: NatsParts) {
    this.#parts = parts;
  }

  async set(ref: RequestRef, name: string, at: Date, due: DueEvent): Promise<void> {
    const schedule = { specification: { at }, target: dueSubject(ref, name) };
    await retryUnknownOutcome(this.#parts, () =>
      this.#parts.js.publish(timerSubject(ref, name), JSON.stringify(due), {
        schedule,
        timeout: CALL_TIMEOUT_MS,
      }),
    );
  }

  async cancel(ref: RequestRef, name: string): Promise<void> {
    const filter = timerSubject(ref, name);
    await retryUnknownOutcome(this.#parts, () =>
      this.#parts.jsm.streams.purge(streams.timers.name, { filter }),
    );
  }
}
