import { type DueEvent, dueSubject, type RequestRef, streams, timerSubject } from "@loopgate/contracts";
import type { Timers } from "../timers.ts";
import { CALL_TIMEOUT_MS } from "./connection/bus-options.ts";
import type { NatsClient } from "./connection/connect.ts";
import { retryUnknownOutcome, type RetryPolicy } from "./connection/retry.ts";
import { type RoomMaker, withRoom } from "./log/reserve.ts";

/**
 * Timers as message schedules of the server. They carry no `Nats-Msg-Id`: within the duplicate window it would make the
 * server drop a timer that is set again (docs/invariants.md#nats-append).
 */
export class NatsTimers implements Timers {
  readonly #client: Pick<NatsClient, "js" | "jsm">;
  readonly #retry: RetryPolicy;
  readonly #room: RoomMaker | undefined;

  constructor(client: Pick<NatsClient, "js" | "jsm">, retry: RetryPolicy, room?: RoomMaker) {
    this.#client = client;
    this.#retry = retry;
    this.#room = room;
  }

  async set(ref: RequestRef, name: string, at: Date, due: DueEvent): Promise<void> {
    const schedule = { specification: { at }, target: dueSubject(ref, name) };
    const publish = () =>
      this.#client.js.publish(timerSubject(ref, name), JSON.stringify(due), {
        schedule,
        timeout: CALL_TIMEOUT_MS,
      });
    await withRoom(this.#room, () => retryUnknownOutcome(this.#retry, publish));
  }

  async cancel(ref: RequestRef, name: string): Promise<void> {
    const filter = timerSubject(ref, name);
    await retryUnknownOutcome(this.#retry, () =>
      this.#client.jsm.streams.purge(streams.timers.name, { filter }),
    );
  }
}
