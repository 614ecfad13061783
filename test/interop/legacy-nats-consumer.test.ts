import { readFile } from "node:fs/promises";
import { bootstrapNats, connectNatsBus } from "@loopgate/bus/nats";
import { DEFAULT_TENANT, type Envelope, eventKey, newRequestId, requestSubject } from "@loopgate/contracts";
import { startNatsServer } from "@loopgate/testing";
import { AckPolicy, connect, type Consumer, type NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const server = await startNatsServer();
const retentionMs = 90 * 86_400_000;
const options = {
  servers: server?.url ?? "",
  name: "interop",
  retentionMs,
};

/** One event of `golden/`, as if it had just happened to this request. */
async function goldenEvent(file: string, id: string): Promise<Envelope> {
  const url = new URL(`../../libs/contracts/golden/${file}.json`, import.meta.url);
  const event = JSON.parse(await readFile(url, "utf8")) as Envelope;
  return { ...event, id: event.id.replace(event.subject, id), subject: id };
}

/** What a foreign peer knows of an event: CloudEvents, and the names that docs/architecture.md fixes. */
interface CloudEvent {
  readonly specversion: string;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: Record<string, unknown>;
}

describe.skipIf(server === undefined)("a consumer written with the nats package, 2.x", () => {
  const parts = new AsyncDisposableStack();
  const id = newRequestId();
  const subjectOf = (key: string) => requestSubject({ tenant: DEFAULT_TENANT, id }, key);
  let foreign: NatsConnection;
  const heard: { readonly subject: string; readonly event: CloudEvent }[] = [];

  beforeAll(async () => {
    parts.use(server);
    await bootstrapNats(options);
    const bus = parts.use(await connectNatsBus(options));
    foreign = await connect({ servers: options.servers });
    parts.defer(() => foreign.close());
    foreign.subscribe("loopgate.committed.v1.>", {
      callback: (_error, message) =>
        heard.push({ subject: message.subject, event: message.json<CloudEvent>() }),
    });
    await foreign.flush();

    const created = await goldenEvent("request.created.v1", id);
    const decided = await goldenEvent("request.decided.v1.answered", id);
    const late = await goldenEvent("request.decided.v1.cancelled", id);
    await bus.log.append(subjectOf(eventKey.created), created, { first: true });
    await bus.log.append(subjectOf(eventKey.decided), decided, { first: true });
    const lost = await bus.log.append(subjectOf(eventKey.decided), late, { first: true });
    expect(lost.kind).toBe("lost");
  });
  afterAll(() => parts.disposeAsync());

  async function next(audit: Consumer): Promise<{ subject: string; event: CloudEvent }> {
    const message = (await audit.next())!;
    expect(await message.ackAck()).toBe(true);
    return { subject: message.subject, event: message.json<CloudEvent>() };
  }

  it("reads LOOPGATE_REQUESTS durably: CloudEvents, one a subject, and only the decision that counts", async () => {
    const manager = await foreign.jetstreamManager();
    const consumer = {
      durable_name: `audit-${id}`,
      ack_policy: AckPolicy.Explicit,
      filter_subject: subjectOf(">"),
    };
    await manager.consumers.add("LOOPGATE_REQUESTS", consumer);
    const audit = await foreign.jetstream().consumers.get("LOOPGATE_REQUESTS", consumer.durable_name);

    expect(await next(audit)).toEqual({
      subject: `loopgate.req.v1.default.${id}.created`,
      event: expect.objectContaining({
        specversion: "1.0",
        id: expect.stringContaining(id),
        source: "loopgate",
        type: "loopgate.request.created.v1",
        subject: id,
        data: expect.objectContaining({ client_id: "release-agent" }),
      }),
    });
    expect(await next(audit)).toEqual({
      subject: `loopgate.req.v1.default.${id}.decided`,
      event: expect.objectContaining({
        type: "loopgate.request.decided.v1",
        data: expect.objectContaining({
          kind: "answered",
          by: expect.objectContaining({ id: "telegram:7" }),
        }),
      }),
    });
    const { num_pending, num_ack_pending } = await audit.info();
    expect({ num_pending, num_ack_pending }).toEqual({ num_pending: 0, num_ack_pending: 0 });
  });

  it("hears on loopgate.committed.v1.> what was committed, and no loser", async () => {
    await foreign.flush();
    const mine = heard.filter(({ event }) => event.subject === id);
    expect(mine.map(({ subject, event }) => [subject, event.type, event.data["kind"]])).toEqual([
      [`loopgate.committed.v1.default.${id}.created`, "loopgate.request.created.v1", undefined],
      [`loopgate.committed.v1.default.${id}.decided`, "loopgate.request.decided.v1", "answered"],
    ]);
  });
});
