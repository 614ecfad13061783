import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BusObserver } from "../src/index.ts";
import { openSqliteBus } from "../src/sqlite/index.ts";
import { busOptions, type BusUnderTest, type OpenBus } from "./contract/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { observerContract } from "./contract/observer.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

async function openOn(folder: string, observer?: BusObserver): Promise<BusUnderTest> {
  const { backOffMs, lifetimes } = busOptions;
  const bus = await openSqliteBus({
    path: join(folder, "loopgate.db"),
    lifetimes,
    retentionMs: 86_400_000,
    backOffMs,
    ...(observer === undefined ? {} : { observer }),
  });
  const { log, timers, keyValue } = bus;
  return {
    log,
    timers,
    keyValue,
    reopen: async () => {
      await bus[Symbol.asyncDispose]();
      return openOn(folder, observer);
    },
    close: async () => {
      await bus[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const open: OpenBus = async (observer) => openOn(await mkdtemp(join(tmpdir(), "loopgate-bus-")), observer);

eventLogContract(open);
consumerContract(open);
timersContract(open);
keyValueContract(open);
observerContract(open);
