import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteBus } from "../src/sqlite/index.ts";
import { busOptions, type BusUnderTest } from "./contract/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

async function openOn(folder: string): Promise<BusUnderTest> {
  const { backOffMs, lifetimes } = busOptions;
  const bus = await openSqliteBus({
    path: join(folder, "loopgate.db"),
    lifetimes,
    retentionMs: 86_400_000,
    backOffMs,
  });
  const { log, timers, keyValue } = bus;
  return {
    log,
    timers,
    keyValue,
    reopen: async () => {
      await bus[Symbol.asyncDispose]();
      return openOn(folder);
    },
    close: async () => {
      await bus[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const open = async () => openOn(await mkdtemp(join(tmpdir(), "loopgate-bus-")));

eventLogContract(open);
consumerContract(open);
timersContract(open);
keyValueContract(open);
