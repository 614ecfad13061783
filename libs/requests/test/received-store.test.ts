import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadLetters, type EventLog, type GivenUp, replayDeadLetter, Unavailable } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import { receivedEvent, receivedSubject } from "@loopgate/contracts";
import { haveOwnEngines, startSpecialNatsServer } from "@loopgate/testing";
import { failingLog } from "@loopgate/testing/faults";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { ReceivedStore } from "../src/index.ts";

const MAX_PAYLOAD = 16_384;
const retentionMs = 86_400_000;
const hasServer = await haveOwnEngines();
const parts = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), "loopgate-received-"));
parts.defer(() => rm(folder, { recursive: true }));
afterAll(() => parts.disposeAsync());

let accounts = 0;
const anAccount = () => `${4_200_000_000 + accounts++}`;
const nested = (levels: number) => `${'{"a":'.repeat(levels)}"secret"${"}".repeat(levels)}`;

async function overSqlite(): Promise<EventLog> {
  return parts.use(await openSqliteBus({ path: join(folder, "loopgate.db"), retentionMs })).log;
}

async function overNats(): Promise<EventLog> {
  const configFile = join(folder, "server.conf");
  await writeFile(configFile, `max_payload: ${MAX_PAYLOAD}`);
  const server = parts.use((await startSpecialNatsServer({ configFile }))!);
  return parts.use(await connectNatsBus({ servers: server.url, name: "received", retentionMs })).log;
}

interface Hopeless {
  readonly what: string;
  readonly update: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** In bytes. */
  readonly size: number;
}

const fromJson = (what: string, json: string, reason: string): Hopeless => {
  const update = JSON.parse(json) as Hopeless["update"];
  return { what, update, reason, size: Buffer.byteLength(json) };
};

const tooDeep = "nested too deep";
const unwritable = [
  fromJson("nested 5,000 deep", `{"message":{"deep":${nested(5_000)}}}`, tooDeep),
  fromJson("nested 100,000 deep", `{"é\\u0000":[${nested(100_000)},null,1.5,true,[],{}]}`, tooDeep),
  { what: "that is no JSON", update: { big: 1n }, reason: "can't be written as JSON", size: 9 },
];
const limit = `it is too large for the limit of ${MAX_PAYLOAD} bytes`;
const tooLarge = [
  fromJson("of 24 KB", `{"text":"${"x".repeat(24_000)}"}`, limit),
  fromJson("of 1 MB", `{"text":"${"é".repeat(500_000)}"}`, limit),
  fromJson("that exceeds the limit only with its envelope", `{"text":"${"x".repeat(16_370)}"}`, limit),
];

function receivedStoreContract(opened: Promise<EventLog>, cases: readonly Hopeless[]): void {
  let log: EventLog;
  let account: string;
  let given: (GivenUp & { readonly consumer: string })[];
  let store: ReceivedStore;
  const storeOver = (over: EventLog) =>
    new ReceivedStore({
      log: over,
      channel: { name: "telegram", tenant: "default", account },
      observer: { deadLettered: (consumer, what) => void given.push({ consumer, ...what }) },
    });
  beforeEach(async () => {
    log = await opened;
    account = anAccount();
    given = [];
    store = storeOver(log);
  });
  const subject = () => receivedSubject("default", "telegram", account);
  const letters = async () =>
    (await Array.fromAsync(deadLetters(log))).filter(({ event }) => event.subject === account);

  it("stores what a person sent, once", async () => {
    const received = { id: `tg-${account}-1`, kind: "message", update: { text: "ship it" } };
    expect(await store.store(received)).toBe("stored");
    expect(await store.store(received)).toBe("stored");
    const first = await log.last(subject());
    expect(first?.event).toMatchObject({ id: received.id, data: { update: received.update } });
    expect(await letters()).toEqual([]);
  });

  it.each(cases)(
    "sets aside an update $what, once, without what it says",
    async ({ update, reason, size }) => {
      const received = { id: `tg-${account}-2`, kind: "message", update };
      expect(await store.store(received)).toBe("set_aside");
      expect(await store.store(received)).toBe("set_aside");
      expect(await log.last(subject())).toBeUndefined();
      const [letter, ...others] = await letters();
      expect(others).toEqual([]);
      expect(letter?.event.data).toEqual({
        consumer: `intake-telegram-${account}`,
        subject: subject(),
        seq: 0,
        attempts: 1,
        kind: "message",
        size,
        error: expect.stringContaining(reason),
        event: expect.objectContaining({ id: `tg-${account}-2`, data: {} }),
      });
      expect(given[0]).toMatchObject({
        consumer: `intake-telegram-${account}`,
        event: `tg-${account}-2`,
        kind: "message",
      });
      expect(await replayDeadLetter(log, letter!)).toBe("not_kept");
    },
  );

  it("sets aside what can't be read, and tells an unknown size by none", async () => {
    await store.setAside({ id: `tg-${account}-3`, kind: "unread" }, "too large");
    const [letter] = await letters();
    expect(letter?.event.data).toMatchObject({ kind: "unread", error: "too large" });
    expect(letter?.event.data).not.toHaveProperty("size");
  });

  it.each(["channel", "dlq"])(
    "lets nothing be confirmed while the log does not take it: %s",
    async (stream) => {
      const failing = failingLog(log, { append: (to) => to.startsWith(`loopgate.${stream}.`) });
      const { update } = cases[0]!;
      const storing = storeOver(failing).store({ id: `tg-${account}-4`, kind: "message", update });
      await expect(storing).rejects.toThrow(Unavailable);
      expect(await letters()).toEqual([]);
      expect(given).toEqual([]);
    },
  );

  it("sets aside an update whose id another event has", async () => {
    const other = { tenant: "default", account: anAccount(), id: `tg-${account}-5` };
    await log.append(receivedSubject("default", "telegram", other.account), receivedEvent(other, {}));
    expect(await store.store({ id: other.id, kind: "message", update: {} })).toBe("set_aside");
  });
}

describe("over SQLite", () => {
  receivedStoreContract(overSqlite(), unwritable);
});
describe.skipIf(!hasServer)("over NATS", () => {
  receivedStoreContract(hasServer ? overNats() : overSqlite(), [...unwritable, ...tooLarge]);
});
