import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { requestPrefix } from "@loopgate/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogFull, Unavailable } from "../src/index.ts";
import { openSqliteBus, type SqliteBus } from "../src/sqlite/index.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./contract/support/events.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

const KILLS = 5;
const ACKNOWLEDGED_BEFORE_A_KILL = 400;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopgate-bus-"));
});
afterEach(() => rm(folder, { recursive: true }));

const file = () => join(folder, "loopgate.db");
const open = (retentionMs = 86_400_000): Promise<SqliteBus> =>
  openSqliteBus({
    path: file(),
    lifetimes: busOptions.lifetimes,
    backOffMs: busOptions.backOffMs,
    retentionMs,
  });

const appendOne = new URL("sqlite-processes/append-one.ts", import.meta.url);
const workUnderLoad = new URL("sqlite-processes/work-under-load.ts", import.meta.url);
const start = (script: URL, ...more: string[]) =>
  spawn(process.execPath, [fileURLToPath(script), file(), ...more], { stdio: ["pipe", "pipe", "inherit"] });

describe("the file of the bus", () => {
  it("survives kill -9 under load: acknowledged events are kept, and every entry is handled", async () => {
    const ref = aRequest();
    const notes = join(folder, "notes");
    for (let kill = 1; kill <= KILLS; kill += 1) await workUntilKilled(ref.id, notes);
    const lines = await readFile(notes, "utf8");
    const [stored, handled] = [noted(lines, "stored"), noted(lines, "handled")];
    expect(stored.size).toBeGreaterThanOrEqual(KILLS * ACKNOWLEDGED_BEFORE_A_KILL);

    await using bus = await open();
    expect(bus.database.read((db) => db.prepare("PRAGMA integrity_check").all())).toEqual([
      { integrity_check: "ok" },
    ]);
    const rows = bus.database.read((db) => db.prepare("SELECT msg_id FROM events").all());
    const inFile = new Set(rows.map((row) => String(row["msg_id"])));
    expect([...stored].filter((id) => !inFile.has(id))).toEqual([]);

    const spec = { name: "under-load", filters: [everythingOf(ref)] };
    await using _consumer = await bus.log.consume(spec, async ({ entry }) => {
      handled.add(entry.event.id);
      return "done";
    });
    await expect.poll(() => [...inFile].filter((id) => !handled.has(id)).length, eventually).toBe(0);
  });

  it("opens correctly in several processes that create it at the same time", async () => {
    const ref = aRequest();
    const copies = [1, 2, 3, 4, 5, 6];
    const processes = copies.map((copy) => start(appendOne, ref.id, String(copy)));
    await Promise.all(processes.map(({ stdout }) => once(stdout, "readable")));

    for (const { stdin } of processes) stdin.write("go");

    const ids = (await Promise.all(processes.map(({ stdout }) => text(stdout)))).map((said) => said.trim());

    await using bus = await open();
    const entries = await bus.log.below(requestPrefix(ref));
    expect(entries.map(({ event }) => event.id).sort()).toEqual(ids.sort());
    expect(ids).toHaveLength(copies.length);
  });

  it("is readable by its owner only, as are the files that SQLite puts beside it", async () => {
    await using bus = await open();
    await appendCopies(bus.log, aRequest(), 1);

    for (const name of [file(), `${file()}-wal`, `${file()}-shm`]) {
      expect(((await stat(name)).mode & 0o777).toString(8), name).toBe("600");
    }
  });

  it("deletes entries after their retention, and never reuses their sequences", async () => {
    const ref = aRequest();
    let newest: number | undefined;
    {
      await using bus = await open();
      await appendCopies(bus.log, ref, 600);
      newest = (await bus.log.below(requestPrefix(ref))).at(-1)?.seq;
    }
    await using bus = await open(1);

    await expect.poll(() => bus.log.below(requestPrefix(ref)), eventually).toEqual([]);
    const result = await bus.log.append(copySubject(ref, 1), anEvent(ref));
    expect(result).toMatchObject({ kind: "stored", entry: { seq: (newest ?? 0) + 1 } });
  });
});

describe("a log of limited size", () => {
  const maxBytes = 1_000_000;
  const options = () => ({ ...busOptions, path: file(), maxBytes });
  const ask = ({ log }: SqliteBus) => {
    const ref = aRequest();
    const event = anEvent(ref, { data: { text: "x".repeat(100_000) } });
    return log.append(copySubject(ref, 1), event, { first: true, reserveHeadroom: true });
  };

  it("accepts questions again once older ones have aged out, whatever else the file contains", async () => {
    {
      await using bus = await openSqliteBus({ ...options(), retentionMs: 86_400_000 });
      await bus.database.write((db) => {
        db.exec("CREATE TABLE history (request TEXT)");
        db.prepare("INSERT INTO history VALUES (?)").run("x".repeat(2 * maxBytes));
      });
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => ask(bus)));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
      await expect(ask(bus)).rejects.toThrow(LogFull);
    }
    await using bus = await openSqliteBus({ ...options(), retentionMs: 1 });

    const result = async () => (await ask(bus).catch(() => ({ kind: "refused" }))).kind;
    await expect.poll(result, eventually).toBe("stored");
  });

  it("counts entries that were stored before it had a limit", async () => {
    {
      await using bus = await openSqliteBus({ ...busOptions, path: file(), retentionMs: 86_400_000 });
      for (let n = 0; n < 9; n += 1) await ask(bus);
      await bus.database.write((db) => {
        db.exec("DROP TRIGGER event_added; DROP TRIGGER event_deleted; DROP TABLE used");
      });
    }
    await using bus = await openSqliteBus({ ...options(), retentionMs: 86_400_000 });
    await expect(ask(bus)).rejects.toThrow(LogFull);
  });
});

describe("a group commit", () => {
  it("rolls back failed work alone", async () => {
    await using bus = await open();
    const ref = aRequest();
    const [before, failure, after] = await Promise.allSettled([
      bus.log.append(copySubject(ref, 1), anEvent(ref)),
      bus.database.write((db) => {
        db.prepare("DELETE FROM events").run();
        throw new RangeError("after its first statement");
      }),
      bus.log.append(copySubject(ref, 2), anEvent(ref)),
    ]);

    expect([before.status, after.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(failure).toMatchObject({ status: "rejected", reason: expect.any(RangeError) });
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(2);
  });

  it("rejects with Unavailable while there is no room, loses nothing, and continues once there is", async () => {
    await using bus = await open();
    const ref = aRequest();
    const limit = (pages: number) =>
      bus.database.write((db) => db.prepare(`PRAGMA max_page_count = ${pages}`).get());
    await limit(1);

    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) => bus.log.append(copySubject(ref, n), anEvent(ref))),
    );
    await limit(1_000_000);
    await bus.log.append(copySubject(ref, 999), anEvent(ref));

    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.every((reason) => reason instanceof Unavailable)).toBe(true);
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(results.length - failures.length + 1);
  });

  it("rejects with Unavailable while the file is read-only", async () => {
    await using bus = await open();
    const ref = aRequest();
    bus.database.read((db) => db.exec("PRAGMA query_only = ON"));

    await expect(bus.log.append(copySubject(ref, 1), anEvent(ref))).rejects.toThrow(Unavailable);
    bus.database.read((db) => db.exec("PRAGMA query_only = OFF"));

    expect(await bus.log.append(copySubject(ref, 1), anEvent(ref))).toMatchObject({ kind: "stored" });
  });

  it("includes what was requested before the bus was closed, and rejects everything after", async () => {
    const ref = aRequest();
    const bus = await open();
    const last = bus.log.append(copySubject(ref, 1), anEvent(ref));
    const leases = await bus.keyValue.bucket("leases");

    await bus[Symbol.asyncDispose]();

    await expect(last).resolves.toMatchObject({ kind: "stored" });
    await expect(bus.log.append(copySubject(ref, 2), anEvent(ref))).rejects.toThrow(Unavailable);
    await expect(bus.log.last(copySubject(ref, 1))).rejects.toThrow(Unavailable);
    await expect(bus.log.below(requestPrefix(ref))).rejects.toThrow(Unavailable);
    await expect(bus.log.consume({ name: "late", filters: [">"] }, async () => "done")).rejects.toThrow(
      Unavailable,
    );
    await expect(bus.timers.cancel(ref, "expiry")).rejects.toThrow(Unavailable);
    await expect(leases.create("key", "value")).rejects.toThrow(Unavailable);
    await expect(leases.get("key")).rejects.toThrow(Unavailable);
  });
});

describe("a consumer whose handlers never wait", () => {
  it("gets its backlog over many turns of the event loop, so that other work runs", async () => {
    await using bus = await open();
    const ref = aRequest();
    await appendCopies(bus.log, ref, 2_000);
    const inTurn = [0];
    const handled = () => inTurn.reduce((sum, count) => sum + count, 0);
    const watch = () => {
      inTurn.push(0);
      if (handled() < 2_000) setImmediate(watch);
    };
    watch();

    const spec = { name: "eager", filters: [everythingOf(ref)] };
    await using _consumer = await bus.log.consume(spec, async () => {
      inTurn[inTurn.length - 1] = (inTurn.at(-1) ?? 0) + 1;
      return "done";
    });

    await expect.poll(handled, eventually).toBe(2_000);
    expect(Math.max(...inTurn)).toBeLessThanOrEqual(512);
  });
});

/** Runs the load in a separate process and kills it. */
async function workUntilKilled(id: string, notes: string): Promise<void> {
  const child = start(workUnderLoad, id, notes);
  let acknowledged = 0;
  child.stdout.on("data", (dots: Buffer) => {
    acknowledged += dots.length;
    if (acknowledged >= ACKNOWLEDGED_BEFORE_A_KILL) child.kill("SIGKILL");
  });
  await once(child, "close");
  expect(child.signalCode).toBe("SIGKILL");
}

/** The ids of the events with a complete line of this kind. */
function noted(lines: string, what: "stored" | "handled"): Set<string> {
  const found = lines.matchAll(/^(stored|handled) (\S+)\n/gm);
  return new Set(
    [...found].flatMap(([, outcome, event]) => (outcome === what && event !== undefined ? [event] : [])),
  );
}
