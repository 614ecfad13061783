import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteBus, type SqliteBusOptions } from "../src/sqlite/index.ts";
import { busOptions, type BusUnderTest, type OpenBus } from "./contract/support/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { observerContract } from "./contract/observer.contract.ts";
import { capacityContract, SMALL_LOG_BYTES } from "./contract/capacity.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

type MoreOptions = Pick<SqliteBusOptions, "observer" | "maxBytes">;

async function openOn(folder: string, more: MoreOptions): Promise<BusUnderTest> {
  const { backOffMs, lifetimes } = busOptions;
  const bus = await openSqliteBus({
    path: join(folder, "loopgate.db"),
    lifetimes,
    retentionMs: 86_400_000,
    backOffMs,
    ...more,
  });
  const { log, timers, keyValue } = bus;
  return {
    log,
    timers,
    keyValue,
    reopen: async () => {
      await bus[Symbol.asyncDispose]();
      return openOn(folder, more);
    },
    close: async () => {
      await bus[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
    dropEvents: async () => {
      using database = new DatabaseSync(join(folder, "loopgate.db"), { timeout: 5_000 });
      database.exec("DELETE FROM events");
    },
  };
}

const openNew = async (more: MoreOptions) => openOn(await mkdtemp(join(tmpdir(), "loopgate-bus-")), more);

const open: OpenBus = (observer) => openNew(observer === undefined ? {} : { observer });

eventLogContract(open);
consumerContract(open);
timersContract(open);
keyValueContract(open);
observerContract(open);
capacityContract(() => openNew({ maxBytes: SMALL_LOG_BYTES }));
