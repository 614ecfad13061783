import { requestPrefix } from "@loopgate/contracts";
import { startNatsServer } from "@loopgate/testing";
import { jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { connect, headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, describe, expect, it } from "vitest";
import type { BusObserver } from "../src/index.ts";
import { aFollower } from "./contract/support/follower.ts";
import { aRecorder, subjectsOf, untilStopped } from "./contract/support/handler.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./contract/support/events.ts";
import { bootstrapNats, connectNatsBus } from "../src/nats/index.ts";
import {
  aConsumerName,
  busOptions,
  type BusUnderTest,
  eventually,
} from "./contract/support/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { purge } from "./contract/support/purge.ts";
import { observerContract } from "./contract/observer.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

const server = await startNatsServer();
const options = {
  ...busOptions,
  servers: server?.url ?? "",
  name: "contract",
  retentionMs: 90 * 86_400_000,
  stopWithinMs: 200,
};
if (server !== undefined) await bootstrapNats(options);
afterAll(() => server?.[Symbol.asyncDispose]());

async function open(observer?: BusObserver): Promise<BusUnderTest> {
  const bus = await connectNatsBus({ ...options, ...(observer === undefined ? {} : { observer }) });
  const { log, timers, keyValue } = bus;
  const close = async () => bus[Symbol.asyncDispose]();
  const reopen = async () => {
    await close();
    return open(observer);
  };
  const dropEvents = () => purge(options);
  return { log, timers, keyValue, close, reopen, dropEvents };
}

describe.skipIf(server === undefined)("over NATS", () => {
  eventLogContract(open);
  consumerContract(open);
  timersContract(open);
  keyValueContract(open);
  observerContract(open);
});

describe.skipIf(server === undefined)("a NATS server", () => {
  it("delivers an entry behind thousands of postponed ones", async () => {
    await using bus = await connectNatsBus(options);
    const ref = aRequest();
    const recorder = aRecorder(async ({ entry }) =>
      entry.subject === copySubject(ref, 0) ? "done" : { retryInMs: 600_000 },
    );
    const putOff = await appendCopies(bus.log, ref, 5_000);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 256 };
    await using _ = await bus.log.consume(spec, recorder);
    const handedOut = () => new Set(subjectsOf(recorder.seen));
    await expect.poll(() => handedOut().size, eventually).toBe(putOff.length);

    await bus.log.append(copySubject(ref, 0), anEvent(ref));

    await expect.poll(handedOut, eventually).toContain(copySubject(ref, 0));
  });

  it.runIf(server?.isOurs)(
    "is rarely asked for a consumer's position, however many callers wait for it",
    async () => {
      await using bus = await connectNatsBus(options);
      const ref = aRequest();
      const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
      await using consumption = await bus.log.consume(spec, untilStopped);
      await bus.log.append(copySubject(ref, 0), anEvent(ref));
      const connection = await connect({ servers: options.servers });
      const jsm = await jetstreamManager(connection);
      const callsOf = async (waiting: number): Promise<number> => {
        const before = await jsm.getAccountInfo();
        const waits = Array.from({ length: waiting }, () => consumption.waitForCatchUp(1_000));
        expect(new Set(await Promise.all(waits))).toEqual(new Set([false]));
        return (await jsm.getAccountInfo()).api.total - before.api.total;
      };

      expect(await callsOf(1)).toBeLessThan(20);
      expect(await callsOf(200)).toBeLessThan(120);
      await connection.close();
    },
  );

  it("returns everything up to an entry, even if a server of its cluster lags behind", async () => {
    await using bus = await connectNatsBus(options);
    await using lagging = await connect({ servers: server?.url ?? "" });
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 2);
    const { seq = 0 } = (await bus.log.newest(requestPrefix(ref))) ?? {};
    const answered = await answerNextRead(lagging, (message) => {
      message.respond("", { headers: headers(404, "No Results") });
    });

    const entries = await bus.log.below(requestPrefix(ref), seq);

    expect(entries.map(({ subject }) => subject).sort()).toEqual(subjects);
    await answered.over;
  });

  it("shows a follower no gap that only a lagging server of its cluster has", async () => {
    await using bus = await connectNatsBus(options);
    await using lagging = await connect({ servers: server?.url ?? "" });
    const { streams } = await jetstreamManager(lagging);
    const ref = aRequest();
    const head = await bus.log.head();
    const subjects = await appendCopies(bus.log, ref, 3);
    const lastOfThem = await streams.getMessage("LOOPGATE_REQUESTS", { seq: head + 3 });
    const answered = await answerNextRead(lagging, ({ reply = "" }) => {
      lagging.publish(reply, lastOfThem?.data, { headers: headersOf(lastOfThem) });
      lagging.publish(reply, "", { headers: headers(204, "EOB") });
    });

    await using follower = aFollower(bus.log, head);
    await answered.over;
    await appendCopies(bus.log, aRequest(), 1);

    await expect.poll(() => follower.entries.length, eventually).toBe(4);
    expect(
      follower.entries
        .slice(0, 3)
        .map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(subjects);
  });

  it("lets a follower pass what an operator deleted", async () => {
    await using bus = await connectNatsBus(options);
    await using connection = await connect({ servers: server?.url ?? "" });
    const { streams } = await jetstreamManager(connection);
    const head = await bus.log.head();
    await appendCopies(bus.log, aRequest(), 5);
    for (const deleted of [1, 3, 4]) await streams.deleteMessage("LOOPGATE_REQUESTS", head + deleted);

    await using follower = aFollower(bus.log, head);

    const sequences = () => follower.entries.map(({ seq }) => seq);
    await expect.poll(sequences, eventually).toEqual([head + 2, head + 5]);
  });

  it("returns the remaining entries if the entry in `atLeast` was deleted", async () => {
    await using bus = await connectNatsBus(options);
    await using connection = await connect({ servers: server?.url ?? "" });
    const ref = aRequest();
    const [left] = await appendCopies(bus.log, ref, 1);
    const told = await bus.log.append(copySubject(ref, 2), anEvent(ref));
    const seq = told.kind === "stored" ? told.entry.seq : 0;
    await (await jetstreamManager(connection)).streams.deleteMessage("LOOPGATE_REQUESTS", seq);

    const entries = await bus.log.below(requestPrefix(ref), seq);

    expect(entries.map(({ subject }) => subject)).toEqual([left]);
  });

  it("deletes no key by a wildcard", async () => {
    await using bus = await connectNatsBus(options);
    const sessions = await bus.keyValue.bucket("sessions");
    const { id } = aRequest();
    await sessions.create(`${id}.1`, "kept");
    await expect(sessions.delete(`${id}.*`, 1)).rejects.toThrow("not a key");
    expect((await sessions.get(`${id}.1`))?.value).toBe("kept");
  });
});

/**
 * Answers the next direct read in place of the server, like a replica of its cluster that lags. `over` resolves when the
 * server answers again.
 */
async function answerNextRead(
  connection: NatsConnection,
  answer: (request: Msg) => void,
): Promise<{ readonly over: Promise<void> }> {
  const { streams } = await jetstreamManager(connection);
  await streams.update("LOOPGATE_REQUESTS", { allow_direct: false });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  connection.subscribe("$JS.API.DIRECT.GET.LOOPGATE_REQUESTS", {
    max: 1,
    callback: (_, request) => {
      answer(request);
      void streams.update("LOOPGATE_REQUESTS", { allow_direct: true }).then(() => resolve());
    },
  });
  await connection.flush();
  return { over };
}

/** The headers of a message in the answer to a direct read. */
function headersOf(message: StoredMsg | null): MsgHdrs {
  const all = headers();
  all.set("Nats-Stream", "LOOPGATE_REQUESTS");
  all.set("Nats-Subject", message?.subject ?? "");
  all.set("Nats-Sequence", String(message?.seq));
  all.set("Nats-Time-Stamp", message?.timestamp ?? "");
  all.set("Nats-Num-Pending", "0");
  return all;
}
