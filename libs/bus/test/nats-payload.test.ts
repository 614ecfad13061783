import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadLetterSubject, eventKey, requestSubject } from "@loopgate/contracts";
import { haveOwnEngines, startSpecialNatsServer } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deadLetters, Rejected } from "../src/index.ts";
import { connectNatsBus, inspectNats, type NatsBus } from "../src/nats/index.ts";
import { anEvent, aRequest, copySubject, everythingOf } from "./contract/support/events.ts";
import { anObserver } from "./contract/support/observer.ts";
import { aConsumerName, busOptions, eventually } from "./contract/support/bus-under-test.ts";

const hasServer = await haveOwnEngines();
const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());

const MAX_PAYLOAD = 16_384;
const options = { ...busOptions, retentionMs: 86_400_000, name: "payload" };

async function serverWith(maxPayload: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-payload-"));
  parts.defer(() => rm(folder, { recursive: true }));
  const configFile = join(folder, "server.conf");
  await writeFile(configFile, `max_payload: ${maxPayload}`);
  return parts.use((await startSpecialNatsServer({ configFile }))!).url;
}

describe.skipIf(!hasServer)("a server that accepts small messages only", () => {
  const observer = anObserver();
  let servers: string;
  let bus: NatsBus;
  beforeAll(async () => {
    servers = await serverWith(MAX_PAYLOAD);
    bus = parts.use(await connectNatsBus({ ...options, servers, observer }));
  });

  const sized = (bytes: number) => ({ data: { text: "x".repeat(bytes) } });

  it("is named once at the start, and by an inspection", async () => {
    const warning = expect.stringContaining(
      `at most ${MAX_PAYLOAD} bytes, and the largest question needs 262144`,
    );
    expect(observer.warnings).toEqual([warning]);
    expect((await inspectNats({ ...options, servers }, ["operator"])).warnings).toEqual([warning]);
  });

  it.each([24_000, 16_384, 1_000_000])(
    "rejects an event of %i bytes at once, with its limit",
    async (bytes) => {
      const ref = aRequest();
      const subject = requestSubject(ref, eventKey.created);
      for (const append of [{ first: true, reserveHeadroom: true }, { first: true }, {}]) {
        const error: unknown = await bus.log
          .append(subject, anEvent(ref, sized(bytes)), append)
          .catch((e) => e);
        expect(error).toBeInstanceOf(Rejected);
        expect(error).toMatchObject({ maxBytes: MAX_PAYLOAD });
      }
      expect(await bus.log.last(subject)).toBeUndefined();
      expect((await bus.log.append(subject, anEvent(ref, sized(12_000)))).kind).toBe("stored");
    },
  );

  it("keeps no consumer busy: a dead letter that is too large is stored without what the event says", async () => {
    const ref = aRequest();
    const consumer = aConsumerName();
    const spec = { name: consumer, filters: [everythingOf(ref)] };
    await using _ = await bus.log.consume(spec, async () => ({ deadLetter: "poison" }));
    await bus.log.append(copySubject(ref, 1), anEvent(ref, sized(15_700)));
    await expect.poll(() => bus.log.last(deadLetterSubject(consumer)), eventually).toBeDefined();
    const letters = (await Array.fromAsync(deadLetters(bus.log))).map(({ event }) => event.data);
    expect(letters).toEqual([expect.objectContaining({ subject: copySubject(ref, 1), error: "poison" })]);
    expect(letters[0]?.event.data).toEqual({});
  });
});

it.skipIf(!hasServer)("a server with the usual limit is not warned about", async () => {
  const observer = anObserver();
  const servers = await serverWith(1_048_576);
  await using _ = await connectNatsBus({ ...options, servers, observer });
  expect(observer.warnings).toEqual([]);
});
