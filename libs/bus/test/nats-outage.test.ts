import { filters, requestPrefix, requestSubject } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type NatsServer, startNatsServer } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { LogFull, Unavailable } from "../src/index.ts";
import { bootstrapNats, connectNatsBus, type NatsBus, type NatsBusOptions } from "../src/nats/index.ts";
import { aFollower, idsOf } from "./contract/support/follower.ts";
import { aRecorder, subjectsOf, untilStopped } from "./contract/support/handler.ts";
import { anObserver } from "./contract/support/observer.ts";
import {
  aDue,
  anEvent,
  appendCopies,
  aRequest,
  copySubject,
  everythingOf,
} from "./contract/support/events.ts";
import { aConsumerName, busOptions, eventually } from "./contract/support/bus-under-test.ts";

const probe = await startNatsServer();
await probe?.[Symbol.asyncDispose]();
const isOurs = probe !== undefined && (process.env["NATS_URL"] ?? "") === "";

interface Own extends AsyncDisposable {
  readonly server: NatsServer;
  readonly bus: NatsBus;
}

/** A bus on a server of its own, which the test may kill. */
async function ownBus(options: Partial<NatsBusOptions> = {}): Promise<Own> {
  const server = await startNatsServer();
  if (server === undefined) throw new Error("the server that was there a moment ago is gone");
  const patient = { ...busOptions, retentionMs: 86_400_000, giveUpAfterMs: 60_000 };
  const all = { ...patient, servers: server.url, name: "outage", ...options };
  await bootstrapNats(all);
  const bus = await connectNatsBus(all);
  const close = async () => {
    await bus[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
  return { server, bus, [Symbol.asyncDispose]: close };
}

/** Resolves once the server no longer answers. */
async function freeze({ server, bus }: Pick<Own, "server" | "bus">): Promise<void> {
  await server.freeze();
  const answers = () =>
    bus.check().then(
      () => true,
      () => false,
    );
  await expect.poll(answers, eventually).toBe(false);
}

describe.skipIf(!isOurs)("a NATS server that is killed and restarted", () => {
  it("loses and duplicates no append, and reports a gap to a tail", async () => {
    const observer = anObserver();
    await using own = await ownBus({ observer });
    const { server, bus } = own;
    const gap = Promise.withResolvers<void>();
    const filter = "loopgate.req.v1.*.*.created";
    await using _ = await bus.log.tail([filter], { onEntry: () => undefined, onGap: () => gap.resolve() });
    const events = Array.from({ length: 300 }, () => aRequest()).map((ref) => ({ ref, event: anEvent(ref) }));
    const append = ({ ref, event }: (typeof events)[number]) =>
      bus.log.append(requestSubject(ref, "created"), event, { first: true });

    const appends = events.slice(0, 150).map(append);
    await server.kill();
    appends.push(...events.slice(150).map(append));
    await server.restart();

    const results = await Promise.all(appends);
    expect(results.map(({ kind }) => kind)).toEqual(events.map(() => "stored"));
    for (const { ref, event } of events) {
      expect((await bus.log.below(requestPrefix(ref))).map((entry) => entry.event.id)).toEqual([event.id]);
    }
    await gap.promise;
    expect(observer.reconnects).toBe(1);
    expect(new Set(observer.unknown)).toEqual(new Set(["retried"]));
  });

  it("is used again by its consumers, within their maxInFlight", async () => {
    await using own = await ownBus();
    const { server, bus } = own;
    const ref = aRequest();
    const release = Promise.withResolvers<void>();
    let [running, most] = [0, 0];
    const recorder = aRecorder(async () => {
      running += 1;
      most = Math.max(most, running);
      await release.promise;
      running -= 1;
      return "done";
    });
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 3 };
    await using _ = await bus.log.consume(spec, recorder);
    const before = await appendCopies(bus.log, ref, 2);
    await expect.poll(() => running, eventually).toBe(2);

    await server.kill();
    await server.restart();
    const later = Array.from({ length: 10 }, (_item, index) => copySubject(ref, 101 + index));
    for (const subject of later) await bus.log.append(subject, anEvent(ref));
    await expect.poll(() => running, eventually).toBe(3);
    release.resolve();

    const seen = () => [...new Set(subjectsOf(recorder.seen))];
    await expect.poll(seen, eventually).toEqual([...before, ...later].sort((a, b) => a.localeCompare(b)));
    expect(most).toBe(3);
  });

  it("lets a replay continue where it was", async () => {
    await using own = await ownBus();
    const { server, bus } = own;
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 2_500);

    const read: string[] = [];
    for await (const { entries } of bus.log.replay(everythingOf(ref))) {
      if (read.length === 0) await server.restart();
      read.push(...entries.map(({ subject }) => subject));
    }

    expect(read.toSorted()).toEqual(subjects.toSorted());
  });

  it("makes a follower miss or repeat nothing", async () => {
    await using own = await ownBus();
    const { server, bus } = own;
    await using follower = aFollower(bus.log, 0);
    const stored: string[] = [];
    const appendSome = async (ref = aRequest()) => {
      for (let copy = 0; copy < 200; copy++) {
        const event = anEvent(ref);
        await bus.log.append(copySubject(ref, copy), event);
        stored.push(event.id);
      }
    };
    const thaw = async () => {
      await freeze(own);
      await server.thaw();
    };

    for (const interrupt of [() => server.restart(), thaw, () => server.restart()]) {
      const read = follower.entries.length;
      const appends = [appendSome(), appendSome()];
      await expect.poll(() => follower.entries.length, eventually).toBeGreaterThan(read);
      await interrupt();
      await Promise.all(appends);
    }

    await expect.poll(() => follower.entries.length, eventually).toBe(stored.length);
    expect(idsOf(follower.entries).toSorted()).toEqual(stored.toSorted());
    const sequences = follower.entries.map(({ seq }) => seq);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  });

  it("lets a consumer recover that was deleted on the server, before or during the restart", async () => {
    await using own = await ownBus();
    const { server, bus } = own;
    const [ref, recorder] = [aRequest(), aRecorder()];
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    await using _ = await bus.log.consume(spec, recorder);
    const connection = await connect({ servers: server.url });
    const jsm = await jetstreamManager(connection);

    for (const copy of [1, 2]) {
      await jsm.consumers.delete("LOOPGATE_REQUESTS", spec.name);
      if (copy === 2) await server.restart();
      await bus.log.append(copySubject(ref, copy), anEvent(ref));
      await expect.poll(() => subjectsOf(recorder.seen), eventually).toContain(copySubject(ref, copy));
    }
    await connection.close();
  });

  it("continues to serve a tail that began before", async () => {
    await using own = await ownBus();
    const ref = aRequest();
    const heard: string[] = [];
    const listener = {
      onEntry: ({ subject }: { readonly subject: string }) => heard.push(subject),
      onGap: () => heard.push("gap"),
    };
    await using _ = await own.bus.log.tail([everythingOf(ref)], listener);

    await own.server.kill();
    await own.server.restart();
    await expect.poll(() => heard, eventually).toEqual(["gap"]);
    await own.bus.log.append(copySubject(ref, 1), anEvent(ref));

    await expect.poll(() => heard, eventually).toEqual(["gap", copySubject(ref, 1)]);
  });
});

describe.skipIf(!isOurs)("a NATS server that stays away", () => {
  it("fails every call with Unavailable in bounded time, and does not block closing the bus", async () => {
    const observer = anObserver();
    const { server, bus } = await ownBus({ giveUpAfterMs: 300, observer });
    const sessions = await bus.keyValue.bucket("sessions");
    const recorder = aRecorder();
    const ref = aRequest();
    await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder);
    await server.kill();

    const subject = requestSubject(ref, "created");
    const calls = [
      bus.log.append(subject, anEvent(ref), { first: true }),
      bus.log.last(subject),
      bus.log.below(requestPrefix(ref)),
      bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder),
      bus.log.tail([subject], { onEntry: () => undefined, onGap: () => undefined }),
      bus.log.head(),
      aFollower(bus.log, 0).ended,
      bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due")),
      bus.timers.cancel(ref, "expiry"),
      sessions.get("a"),
      sessions.create("a", "b"),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: "rejected", reason: expect.any(Unavailable) });
    }

    expect(observer.unknown).toContain("given_up");
    await bus[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it("does not block stopping a consumer, whatever its handlers do", async () => {
    const { server, bus } = await ownBus({ giveUpAfterMs: 300, stopWithinMs: 300 });
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const [stopping, stubborn] = [aRecorder(untilStopped), aRecorder(() => never.promise)];
    const never = Promise.withResolvers<"done">();
    const filters = [everythingOf(ref)];
    const subscription = await bus.log.consume({ name: aConsumerName(), filters }, stopping);
    await bus.log.consume({ name: aConsumerName(), filters }, stubborn);
    await expect.poll(() => stopping.seen.length + stubborn.seen.length, eventually).toBe(2);

    await server.kill();
    await subscription[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();

    // A handler that ends after the bus was closed does no harm: an unhandled rejection would fail this run.
    never.resolve("done");
    await server[Symbol.asyncDispose]();
    expect(stopping.seen[0]?.signal.aborted).toBe(true);
  });
});

describe.skipIf(!isOurs)("a frozen NATS server", () => {
  it("duplicates no append: an unknown outcome is retried with the same event", async () => {
    const observer = anObserver();
    await using own = await ownBus({ observer });
    const { server, bus } = own;
    const refs = Array.from({ length: 100 }, aRequest);
    const options = [{ first: true }, {}];
    await freeze(own);
    const appends = refs.map((ref, index) =>
      bus.log.append(requestSubject(ref, "created"), anEvent(ref), options[index % 2]),
    );
    await expect.poll(() => observer.unknown.length, eventually).toBeGreaterThanOrEqual(refs.length);

    await server.thaw();

    const results = await Promise.all(appends);
    expect(results.map(({ kind }) => kind)).toEqual(refs.map(() => "stored"));
    const pages = await Array.fromAsync(bus.log.replay("loopgate.req.v1.>"));
    const stored = pages.flatMap(({ entries }) => entries.map(({ subject }) => subject));
    expect(stored.toSorted()).toEqual(refs.map((ref) => requestSubject(ref, "created")).toSorted());
  });

  it("does not block closing the bus", async () => {
    const { server, bus } = await ownBus({ giveUpAfterMs: 300, stopWithinMs: 300 });
    const ref = aRequest();
    await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, aRecorder());
    await freeze({ server, bus });
    await expect(bus[Symbol.asyncDispose]()).resolves.toBeUndefined();
    await server[Symbol.asyncDispose]();
  });
});

describe.skipIf(!isOurs)("a bus that is being stopped", () => {
  it("does not retry calls with an unknown outcome, so that handlers hand their entries back", async () => {
    const stop = new AbortController();
    const { server, bus } = await ownBus({ giveUpAfterMs: 600_000, stopping: stop.signal });
    const ref = aRequest();
    const sessions = await bus.keyValue.bucket("sessions");
    const begun = Promise.withResolvers<void>();
    const failed: unknown[] = [];
    const handler = aRecorder(async ({ entry }) => {
      await begun.promise;
      const calls = [
        bus.log.append(copySubject(ref, 2), anEvent(ref)),
        bus.log.last(entry.subject),
        bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due")),
        sessions.get("a"),
      ];
      failed.push(...(await Promise.allSettled(calls)));
      throw new Unavailable("away");
    });
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    const consumer = await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, handler);
    await expect.poll(() => handler.seen, eventually).toHaveLength(1);
    await freeze({ server, bus });
    begun.resolve();

    stop.abort();
    await consumer[Symbol.asyncDispose]();

    const unavailable = { status: "rejected", reason: expect.any(Unavailable) };
    expect(failed).toEqual([unavailable, unavailable, unavailable, unavailable]);
    await bus[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
});

describe.skipIf(!isOurs)("a NATS stream", () => {
  it("that is full rejects an append at once", async () => {
    await using own = await ownBus({ maxBytes: 20_000 });
    const fill = async () => {
      for (;;) {
        const ref = aRequest();
        await own.bus.log.append(copySubject(ref, 1), anEvent(ref, { data: { text: "x".repeat(2_000) } }));
      }
    };

    await expect(fill()).rejects.toThrow(LogFull);
  });

  it("that is missing is reported by its consumers, and fails the check until it is back", async () => {
    const observer = anObserver();
    await using own = await ownBus({ observer, stalledAfterMs: 600 });
    const { bus, server } = own;
    const [ref, recorder] = [aRequest(), aRecorder()];
    await using _ = await bus.log.consume({ name: "gone", filters: [filters.due] }, recorder);
    const checked = () =>
      bus.check().then(
        () => "ready",
        (error: Error) => error.message,
      );
    const connection = await connect({ servers: server.url });
    const jsm = await jetstreamManager(connection);

    await jsm.streams.delete("LOOPGATE_TIMERS");
    await expect.poll(checked, eventually).toContain("the consumer gone can't read LOOPGATE_TIMERS");
    expect(new Set(observer.failures.map(({ work }) => work))).toEqual(new Set(["read gone"]));

    await bootstrapNats({ ...busOptions, servers: server.url, name: "outage", retentionMs: 86_400_000 });
    await expect.poll(checked, eventually).toBe("ready");
    await bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due"));
    await expect.poll(() => recorder.seen, eventually).toHaveLength(1);
    await connection.close();
  });

  it("rejects an id that is stored on another subject", async () => {
    await using own = await ownBus();
    const ref = aRequest();
    const event = anEvent(ref);
    await own.bus.log.append(copySubject(ref, 1), event);

    await expect(own.bus.log.append(copySubject(ref, 2), event)).rejects.toThrow("identity of its subject");
  });
});
