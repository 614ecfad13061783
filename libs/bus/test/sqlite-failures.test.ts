import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Unavailable } from "../src/index.ts";
import { openSqliteBus, type SqliteBus } from "../src/sqlite/index.ts";
import { aDue, anEvent, appendCopies, aRequest, copySubject } from "./contract/support/events.ts";
import { aRecorder } from "./contract/support/handler.ts";
import { anObserver } from "./contract/support/observer.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopgate-bus-"));
});
afterEach(() => rm(folder, { recursive: true }));

const observer = anObserver();
const failed = (work: string) => observer.failures.filter((failure) => failure.work === work);
const open = (retentionMs = 86_400_000): Promise<SqliteBus> =>
  openSqliteBus({ ...busOptions, path: join(folder, "loopgate.db"), retentionMs, observer });

/** From now on the file rejects deletions from this table. */
const keepAll = (bus: SqliteBus, table: string): Promise<void> =>
  bus.database.write((db) =>
    db.exec(`CREATE TRIGGER kept BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, 'kept'); END`),
  );

describe("the observer of an embedded bus is told", () => {
  it("that old entries can't be deleted", async () => {
    {
      await using bus = await open();
      await appendCopies(bus.log, aRequest(), 1);
      await keepAll(bus, "events");
    }
    await using _bus = await open(1);
    await expect.poll(() => failed("forget"), eventually).toMatchObject([{ error: { message: "kept" } }]);
  });

  it("that due timers can't fire", async () => {
    await using bus = await open();
    await keepAll(bus, "timers");
    const ref = aRequest();
    await bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due"));
    await expect.poll(() => failed("fire")[0], eventually).toMatchObject({ error: { message: "kept" } });
  });

  it("that a consumer's entries can't be read", async () => {
    await using bus = await open();
    const recorder = aRecorder(async () => ({ retryInMs: 1 }));
    await bus.log.consume({ name: "reader", filters: [">"] }, recorder);
    await bus.log.append(copySubject(aRequest(), 1), anEvent(aRequest()));
    await expect.poll(() => recorder.seen, eventually).not.toEqual([]);
    await bus.database[Symbol.asyncDispose]();
    await expect
      .poll(() => failed("read reader")[0], eventually)
      .toEqual({ work: "read reader", error: expect.any(Unavailable) });
  });
});
