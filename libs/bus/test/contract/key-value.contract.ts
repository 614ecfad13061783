import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { busOfEachTest, busOptions, type OpenBus, eventually } from "./support/bus-under-test.ts";

const LIFETIME_MS = busOptions.lifetimes.leases;

const aKey = (): string => `test.${randomUUID()}=_`;

/** What every adapter of {@link KeyValue} promises. */
export function keyValueContract(open: OpenBus): void {
  describe("a key-value bucket", () => {
    describe("revisions", () => {
      revisions(open);
    });
    describe("lifetimes", () => {
      lifetimes(open);
    });
  });
}

function revisions(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("knows nothing of a key that was never written", async () => {
    const sessions = await bus.keyValue.bucket("sessions");

    expect(await sessions.get(aKey())).toBeUndefined();
    expect(await sessions.update(aKey(), "a", 1)).toBeUndefined();
    expect(await sessions.delete(aKey(), 1)).toBe(false);
  });

  it("creates a key once", async () => {
    const sessions = await bus.keyValue.bucket("sessions");
    const key = aKey();

    const revision = await sessions.create(key, "first ✓");

    expect(await sessions.create(key, "second")).toBeUndefined();
    expect(await sessions.get(key)).toEqual({ value: "first ✓", revision });
  });

  it("updates at the current revision, and rejects a stale one", async () => {
    const sessions = await bus.keyValue.bucket("sessions");
    const key = aKey();
    const first = (await sessions.create(key, "a")) ?? 0;

    const second = (await sessions.update(key, "b", first)) ?? 0;

    expect(second).toBeGreaterThan(first);
    expect(await sessions.update(key, "c", first)).toBeUndefined();
    expect(await sessions.get(key)).toEqual({ value: "b", revision: second });
  });

  it("deletes at the current revision, and rejects a stale one", async () => {
    const sessions = await bus.keyValue.bucket("sessions");
    const key = aKey();
    const first = (await sessions.create(key, "a")) ?? 0;
    const second = (await sessions.update(key, "b", first)) ?? 0;

    expect(await sessions.delete(key, first)).toBe(false);
    expect(await sessions.get(key)).toEqual({ value: "b", revision: second });
    expect(await sessions.delete(key, second)).toBe(true);
    expect(await sessions.get(key)).toBeUndefined();
  });

  it("creates a deleted key again, with a greater revision than before", async () => {
    const sessions = await bus.keyValue.bucket("sessions");
    const key = aKey();
    const first = (await sessions.create(key, "a")) ?? 0;
    await sessions.delete(key, first);

    expect(await sessions.update(key, "b", first)).toBeUndefined();
    const again = (await sessions.create(key, "c")) ?? 0;

    expect(again).toBeGreaterThan(first);
    expect(await sessions.update(key, "d", first)).toBeUndefined();
    expect(await sessions.delete(key, first)).toBe(false);
    expect(await sessions.get(key)).toEqual({ value: "c", revision: again });
  });

  it("has one winner among concurrent creates, updates or deletes of one key", async () => {
    const sessions = await bus.keyValue.bucket("sessions");
    const key = aKey();
    const racers = Array.from({ length: 20 }, (_, index) => `racer ${index}`);

    const created = await Promise.all(racers.map((racer) => sessions.create(key, racer)));
    const revision = onlyOne(created.map((result) => result ?? false));
    expect((await sessions.get(key))?.value).toBe(racers[created.indexOf(revision)]);

    const updated = await Promise.all(racers.map((racer) => sessions.update(key, racer, revision)));
    const next = onlyOne(updated.map((result) => result ?? false));
    expect((await sessions.get(key))?.value).toBe(racers[updated.indexOf(next)]);

    onlyOne(await Promise.all(racers.map(() => sessions.delete(key, next))));
  });

  it("keeps buckets apart", async () => {
    const [sessions, copies] = [await bus.keyValue.bucket("sessions"), await bus.keyValue.bucket("copies")];
    const key = aKey();
    await sessions.create(key, "a");

    expect(await copies.get(key)).toBeUndefined();
    expect(await copies.create(key, "b")).toBeTypeOf("number");
    expect((await sessions.get(key))?.value).toBe("a");
  });

  it("keeps values and revisions across a restart", async () => {
    const key = aKey();
    const first = (await (await bus.keyValue.bucket("sessions")).create(key, "a")) ?? 0;

    await bus.restart();

    const sessions = await bus.keyValue.bucket("sessions");
    expect(await sessions.get(key)).toEqual({ value: "a", revision: first });
    expect(await sessions.update(key, "b", first)).toBeGreaterThan(first);
  });
}

function lifetimes(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("expires a value, not early, so that it can be created again; keeps one without a lifetime", async () => {
    const leases = await bus.keyValue.bucket("leases");
    const lasting = [await bus.keyValue.bucket("sessions"), await bus.keyValue.bucket("channels")];
    const key = aKey();
    for (const bucket of lasting) await bucket.create(key, "kept");
    const written = Date.now();
    const first = (await leases.create(key, "owner 1")) ?? 0;

    await expect.poll(() => leases.create(key, "owner 2"), eventually).toBeTypeOf("number");

    expect((await leases.get(key))?.value).toBe("owner 2");
    expect(Date.now() - written).toBeGreaterThanOrEqual(LIFETIME_MS);
    expect(await leases.update(key, "owner 1", first)).toBeUndefined();
    expect(await leases.delete(key, first)).toBe(false);
    for (const bucket of lasting) expect((await bucket.get(key))?.value).toBe("kept");
  });

  it("counts a lifetime from the last write, also across a restart", async () => {
    const [key, left] = [aKey(), aKey()];
    let leases = await bus.keyValue.bucket("leases");
    await leases.create(left, "never renewed");
    let revision = (await leases.create(key, "renewed")) ?? 0;
    const renewUntilTheOtherIsGone = async () => {
      revision = (await leases.update(key, "renewed", revision)) ?? 0;
      return leases.get(left);
    };
    await expect.poll(renewUntilTheOtherIsGone, { ...eventually, interval: 100 }).toBeUndefined();
    const renewed = Date.now();
    revision = (await leases.update(key, "renewed", revision)) ?? 0;

    await bus.restart();
    leases = await bus.keyValue.bucket("leases");
    await expect.poll(() => leases.get(key), eventually).toBeUndefined();

    expect(Date.now() - renewed).toBeGreaterThanOrEqual(LIFETIME_MS);
    expect(await leases.update(key, "renewed", revision)).toBeUndefined();
  });
}

function onlyOne<Result>(results: readonly (Result | false)[]): Result {
  const winners = results.filter((result) => result !== false);
  expect(winners).toHaveLength(1);
  return winners[0] as Result;
}
