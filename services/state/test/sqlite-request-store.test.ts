import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import { describe, onTestFinished } from "vitest";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { requestStoreContract } from "./request-store.contract.ts";

describe("SqliteRequestStore", () => {
  requestStoreContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), "loopgate-store-"));
    const lifetimes = { sessions: undefined, copies: undefined, leases: undefined };
    const openBus = () =>
      openSqliteBus({ path: join(directory, "loopgate.db"), lifetimes, retentionMs: 7_776_000_000 });
    let bus = await openBus();
    onTestFinished(async () => {
      await bus[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    });
    return {
      store: await SqliteRequestStore.open(bus.database),
      reopen: async () => {
        await bus[Symbol.asyncDispose]();
        bus = await openBus();
        return SqliteRequestStore.open(bus.database);
      },
    };
  });
});
