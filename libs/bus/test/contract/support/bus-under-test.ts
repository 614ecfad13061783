import { randomUUID } from "node:crypto";
import { afterEach, beforeEach } from "vitest";
import type { BucketLifetimes, BusObserver, EventLog, KeyValue, Timers } from "../../../src/index.ts";

/** The open ports of one adapter. */
export interface BusUnderTest {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** Simulates a restart: closes this bus under whatever still runs, and opens another on the same durable state. */
  reopen(): Promise<BusUnderTest>;
  close(): Promise<void>;
  /** Drops all events stored so far, as they are dropped after their retention. */
  dropEvents(): Promise<void>;
}

/** Short times with which an adapter opens the bus under test, so that no suite waits long. */
export interface BusOptions {
  readonly backOffMs: readonly number[];
  readonly lifetimes: BucketLifetimes;
  /** A server redelivers when a handler has shown no progress for this long, in milliseconds. SQLite has no such time. */
  readonly ackWaitMs?: number;
}

export const busOptions = {
  backOffMs: [30, 60],
  lifetimes: { sessions: undefined, copies: 86_400_000, leases: 2_000 },
  ackWaitMs: 1_000,
} as const satisfies BusOptions;

/** Opens a bus with {@link busOptions}. Several may share one server. */
export type OpenBus = (observer?: BusObserver) => Promise<BusUnderTest>;

/** How long a test waits for something that must happen. */
export const eventually = { timeout: 30_000, interval: 10 };

export interface BusOfTest extends Pick<BusUnderTest, "log" | "timers" | "keyValue"> {
  /** Continues with a reopened bus. */
  restart(): Promise<void>;
  dropEvents(): Promise<void>;
  /** Disposes this after the test, before the bus closes. */
  own<Owned extends AsyncDisposable>(owned: Owned): Owned;
}

/** Opens a bus before every test of the calling suite, and closes it afterwards. */
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
    dropEvents: () => bus.dropEvents(),
    own: (item) => owned.use(item),
  };
}

/** A new name of a consumer. */
export const aConsumerName = (): string => `test-${randomUUID()}`;
