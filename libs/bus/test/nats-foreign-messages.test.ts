import { eventKey, requestPrefix, requestSubject } from "@loopgate/contracts";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { startNatsServer } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectNatsBus, type NatsBus } from "../src/nats/index.ts";
import { aFollower, idsOf } from "./contract/support/follower.ts";
import { aRecorder, subjectsOf } from "./contract/support/handler.ts";
import { anEvent, aRequest, copySubject, everythingOf } from "./contract/support/events.ts";
import { aConsumerName, busOptions, eventually } from "./contract/support/bus-under-test.ts";

const server = await startNatsServer();
let bus: NatsBus;
let stranger: NatsConnection;
beforeAll(async () => {
  if (server === undefined) return;
  bus = await connectNatsBus({
    ...busOptions,
    servers: server.url,
    name: "rubbish",
    retentionMs: 86_400_000,
  });
  stranger = await connect({ servers: server.url });
});
afterAll(async () => {
  await stranger?.close();
  await bus?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const rubbish = ["", "not JSON", "{}", "null", JSON.stringify({ specversion: "1.0", id: "x" })];

/** Stores messages that are not events, as any user with the permission to publish can. */
async function store(subject: string, texts = rubbish): Promise<void> {
  for (const text of texts) await jetstream(stranger).publish(subject, text);
}

describe.skipIf(server === undefined)("a message that is not an event", () => {
  it("hides no event from a reader", async () => {
    const ref = aRequest();
    const [one, other] = [anEvent(ref), anEvent(ref)];
    await store(copySubject(ref, 1));
    await bus.log.append(copySubject(ref, 1), one);
    await bus.log.append(copySubject(ref, 2), other);
    await store(copySubject(ref, 1));
    await store(copySubject(ref, 3));

    expect((await bus.log.last(copySubject(ref, 1)))?.event).toEqual(one);
    expect(await bus.log.last(copySubject(ref, 3))).toBeUndefined();
    expect((await bus.log.newest(requestPrefix(ref)))?.event).toEqual(other);
    expect((await bus.log.below(requestPrefix(ref))).map(({ event }) => event)).toEqual([one, other]);
    const pages = await Array.fromAsync(bus.log.replay(everythingOf(ref)));
    expect(pages.flatMap(({ entries }) => entries.map(({ event }) => event))).toEqual([one, other]);
  });

  it("is passed over by a follower", async () => {
    const ref = aRequest();
    const [one, other] = [anEvent(ref), anEvent(ref)];
    await using follower = aFollower(bus.log, await bus.log.head());
    await store(copySubject(ref, 1));
    await bus.log.append(copySubject(ref, 1), one);
    await store(copySubject(ref, 1));
    await bus.log.append(copySubject(ref, 2), other);

    await expect.poll(() => idsOf(follower.entries), eventually).toEqual([one.id, other.id]);
  });

  it("wins no race, and does not keep an event from winning it", async () => {
    const ref = aRequest();
    const decided = requestSubject(ref, eventKey.decided);
    await store(decided);
    const events = Array.from({ length: 20 }, () => anEvent(ref));

    const results = await Promise.all(events.map((event) => bus.log.append(decided, event, { first: true })));

    const winners = events.filter((_, index) => results[index]?.kind === "stored");
    expect(winners).toHaveLength(1);
    await store(decided);
    const late = await bus.log.append(decided, anEvent(ref), { first: true });
    expect(late).toMatchObject({ kind: "lost", winner: { event: winners[0] } });
    expect(await bus.log.append(decided, winners[0]!, { first: true })).toMatchObject({ kind: "stored" });
  });

  it("is skipped by a consumer, permanently", async () => {
    const ref = aRequest();
    const recorder = aRecorder();
    const name = aConsumerName();
    await store(copySubject(ref, 1));
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    const spec = { name, filters: [everythingOf(ref)], maxInFlight: 2 };
    await using _ = await bus.log.consume(spec, recorder);
    await store(copySubject(ref, 3));
    await bus.log.append(copySubject(ref, 4), anEvent(ref));

    await expect
      .poll(() => subjectsOf(recorder.seen), eventually)
      .toEqual([copySubject(ref, 2), copySubject(ref, 4)]);
    const jsm = await jetstreamManager(stranger);
    const left = async () => {
      const { num_pending, num_ack_pending } = await jsm.consumers.info("LOOPGATE_REQUESTS", name);
      return num_pending + num_ack_pending;
    };
    await expect.poll(left, eventually).toBe(0);
    expect(recorder.seen).toHaveLength(2);
  });

  it("is a gap for a tail", async () => {
    const ref = aRequest();
    const heard: string[] = [];
    const listener = {
      onEntry: ({ subject }: { readonly subject: string }) => heard.push(subject),
      onGap: () => heard.push("gap"),
    };
    await using _ = await bus.log.tail([everythingOf(ref)], listener);
    await store(copySubject(ref, 1), ["not JSON"]);
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    await expect.poll(() => heard, eventually).toEqual(["gap", copySubject(ref, 2)]);
  });

  it("is not mistaken for an event whose id it has", async () => {
    const ref = aRequest();
    const event = anEvent(ref);
    const taken = headers();
    taken.set("Nats-Msg-Id", event.id);
    await jetstream(stranger).publish(copySubject(ref, 1), "not JSON", { headers: taken });
    await expect(bus.log.append(copySubject(ref, 1), event)).rejects.toThrow(
      "another message, which is not an event, has",
    );
  });
});
