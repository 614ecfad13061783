import { randomUUID } from "node:crypto";
import { afterEach, beforeEach } from "vitest";
import type { BucketLifetimes, BusObserver, EventLog, KeyValue, Timers } from "../../../src/index.ts";

/** The ports of one adapter, open. */
export interface BusUnderTest {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** What a restart of the process does: whatever still runs loses this bus, and another opens on the same durable state. */
  reopen(): Promise<BusUnderTest>;
  close(): Promise<void>;
}

/** With these an adapter opens the bus under test, so that no suite waits long. */
export interface BusOptions {
  readonly backOffMs: readonly number[];
  readonly lifetimes: BucketLifetimes;
  /** After so long without a sign of life from a handler a broker delivers again; a log without a broker has no such time. */
  readonly ackWaitMs?: number;
}

export const busOptions = {
  backOffMs: [30, 60],
  lifetimes: { sessions: undefined, copies: 86_400_000, leases: 2_000 },
  ackWaitMs: 1_000,
} as const satisfies BusOptions;

/** Opens a bus with {@link busOptions}; several may share one server. */
export type OpenBus = (observer?: BusObserver) => Promise<BusUnderTest>;

/** How long a test waits for what must happen. */
export const soon = { timeout: 30_000, interval: 10 };

export interface BusOfTest extends Pick<BusUnderTest, "log" | "timers" | "keyValue"> {
  /** Goes on with a reopened bus. */
  restart(): Promise<void>;
  /** Ends this with the test, before the bus. */
  own<Owned extends AsyncDisposable>(owned: Owned): Owned;
}

/** A bus for every test of the suite that calls this, closed behind it. */
export function busOfEachTest(open: OpenBus, observer?: BusObserver): BusOfTest {
  let bus: BusUnderTest;
  let owned: AsyncDisposableStack;
  beforeEach(async () => {
    bus = await open(observer);
    owned = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await owned.disposeAsync();
    await bus.close();
  });
  return {
    get log() {
      return bus.log;
    },
    get timers() {
      return bus.timers;
    },
    get keyValue() {
      return bus.keyValue;
    },
    restart: async () => {
      bus = await bus.reopen();
    },
    own: (item) => owned.use(item),
  };
}

/** A name that no other test's consumer has. */
export const aConsumerName = (): string => `test-${randomUUID()}`;
