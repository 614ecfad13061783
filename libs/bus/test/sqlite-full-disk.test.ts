import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { eventKey, requestSubject } from "@loopgate/contracts";
import { mountSmallDisk, type SmallDisk } from "@loopgate/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { LogFull } from "../src/index.ts";
import { openSqliteBus, type SqliteBus } from "../src/sqlite/index.ts";
import { aDue, anEvent, everythingOf } from "./contract/support/events.ts";
import { ask, askUntilFull, decide } from "./contract/support/filling.ts";
import { aRecorder } from "./contract/support/handler.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

const probe = await mountSmallDisk(1);
await probe?.[Symbol.asyncDispose]();

async function aDisk(megabytes: number): Promise<SmallDisk> {
  const disk = await mountSmallDisk(megabytes);
  if (disk === undefined) throw new Error("a disk could be mounted a moment ago");
  onTestFinished(() => disk[Symbol.asyncDispose]());
  return disk;
}

async function open({ path }: SmallDisk): Promise<SqliteBus> {
  const bus = await openSqliteBus({
    ...busOptions,
    path: join(path, "loopgate.db"),
    retentionMs: 86_400_000,
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  await bus.database.holdReserve();
  return bus;
}

/** The length of a question's text. */
const CHARACTERS = 10_000;

const isFull = (bus: SqliteBus) =>
  bus.checkRoom().then(
    () => false,
    (error: unknown) => error instanceof LogFull,
  );

const isWhole = (bus: SqliteBus) =>
  bus.database.read((db) => db.prepare("PRAGMA integrity_check").get())?.["integrity_check"] === "ok";

describe.skipIf(probe === undefined)("a full disk", () => {
  it.each([4, 8, 24])("of %i MB rejects questions, and takes the decisions on those before", async (size) => {
    const bus = await open(await aDisk(size));
    expect(await isFull(bus)).toBe(false);

    const asked = await askUntilFull(bus, CHARACTERS);
    expect(asked.length).toBeGreaterThan(20);
    expect(await isFull(bus)).toBe(true);
    const decided = asked.slice(0, 100);
    for (const ref of decided) expect((await decide(bus, ref)).kind).toBe("stored");
    await bus.timers.set(asked[0]!, "expiry", new Date(), aDue(asked[0]!, "due"));
    const sessions = await bus.keyValue.bucket("sessions");
    expect(await sessions.create("a", "b")).toBeDefined();
    await expect(ask(bus, 10)).rejects.toThrow(LogFull);
    for (const ref of decided) {
      expect(await bus.log.last(requestSubject(ref, eventKey.decided))).toBeDefined();
    }
  });

  it("reports an event that is stored already, and rejects none of a group commit but the questions", async () => {
    const bus = await open(await aDisk(6));
    const asked = await askUntilFull(bus, CHARACTERS);
    const again = anEvent(asked[0]!);
    await bus.log.append(requestSubject(asked[0]!, eventKey.decided), again);
    const results = await Promise.allSettled([
      ask(bus, CHARACTERS),
      decide(bus, asked[1]!),
      ask(bus, CHARACTERS),
      bus.log.append(requestSubject(asked[0]!, eventKey.decided), again, { reserveHeadroom: true }),
      decide(bus, asked[2]!),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
  });

  it("that is filled by others rejects questions, too, and takes them again when they leave", async () => {
    const disk = await aDisk(16);
    const bus = await open(disk);
    const first = await ask(bus, CHARACTERS);
    const filler = await disk.fill();
    await askUntilFull(bus, CHARACTERS);
    expect((await decide(bus, first)).kind).toBe("stored");

    await rm(filler);
    await expect.poll(() => isFull(bus), eventually).toBe(false);
    await ask(bus, CHARACTERS);
    expect((await stat(join(disk.path, "loopgate.db-reserve"))).mode & 0o777).toBe(0o600);
  });

  it("loses nothing: after it is enlarged, every entry is there and handled", async () => {
    const disk = await aDisk(6);
    const bus = await open(disk);
    const recorder = aRecorder();
    const asked = await askUntilFull(bus, CHARACTERS);
    await using _ = await bus.log.consume(
      { name: "all", filters: [everythingOf(asked[0]!), "loopgate.req.v1.>"] },
      recorder,
    );
    await decide(bus, asked[0]!);

    await disk.resize(32);
    await expect.poll(() => isFull(bus), eventually).toBe(false);
    asked.push(await ask(bus, CHARACTERS));
    const ids = () => new Set(recorder.seen.map(({ entry }) => entry.subject)).size;
    await expect.poll(ids, eventually).toBe(asked.length + 1);
    expect(isWhole(bus)).toBe(true);
  });

  it("can be opened, read and written by the next process", async () => {
    const disk = await aDisk(6);
    const first = await open(disk);
    const asked = await askUntilFull(first, CHARACTERS);
    await first[Symbol.asyncDispose]();
    const filler = await disk.fill();
    await expect(open(disk)).rejects.toThrow(LogFull);
    await rm(filler);

    const next = await open(disk);
    expect(await isFull(next)).toBe(true);
    await expect(ask(next, CHARACTERS)).rejects.toThrow(LogFull);
    expect(await next.log.last(requestSubject(asked[0]!, eventKey.created))).toBeDefined();
    await disk.resize(16);
    await expect.poll(() => isFull(next), eventually).toBe(false);
    await ask(next, CHARACTERS);
    expect(isWhole(next)).toBe(true);
  });

  it("that fills while no process runs leaves the reserve to the next one", async () => {
    const disk = await aDisk(16);
    const first = await open(disk);
    const ref = await ask(first, CHARACTERS);
    await first[Symbol.asyncDispose]();
    await disk.fill();

    const next = await open(disk);
    expect((await decide(next, ref)).kind).toBe("stored");
    await expect(ask(next, CHARACTERS)).rejects.toThrow(LogFull);
  });
});
