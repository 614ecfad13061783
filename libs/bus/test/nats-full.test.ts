import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventKey, filters, requestSubject } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { haveOwnEngines, mountSmallDisk, type NatsServer, startSpecialNatsServer } from "@loopgate/testing";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LogFull, Unavailable } from "../src/index.ts";
import { connectNatsBus, inspectNats, type NatsBus, type NatsPermissions } from "../src/nats/index.ts";
import { aDue, anEvent, aRequest, copySubject } from "./contract/support/events.ts";
import { ask, type Asked, askUntilFull, decide } from "./contract/support/filling.ts";
import { aRecorder } from "./contract/support/handler.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

const folder = await mkdtemp(join(tmpdir(), "loopgate-full-"));
afterAll(() => rm(folder, { recursive: true }));
const hasServer = await haveOwnEngines();
const disk = await mountSmallDisk(40);
afterAll(() => disk?.[Symbol.asyncDispose]());

const configFile = join(folder, "limits.conf");
const fileStore = (megabytes: number) => `jetstream { max_file_store: ${megabytes}MB }`;
const account = (megabytes: number) => `accounts { A {
  jetstream: { max_file: ${megabytes}MB }, users: [{ user: me, password: me }] } }`;

let server: NatsServer;
let url: string;
let parts: AsyncDisposableStack;
beforeEach(() => {
  parts = new AsyncDisposableStack();
  return () => parts.disposeAsync();
});

async function start(configuration: string): Promise<void> {
  await writeFile(configFile, configuration);
  const started = await startSpecialNatsServer({ configFile });
  if (started === undefined) throw new Error("the server that was there a moment ago is gone");
  server = parts.use(started);
  url = configuration.includes("me") ? server.url.replace("//", "//me:me@") : server.url;
}

const storage = { retentionMs: 86_400_000 };

async function openBus(name: string, use: NatsPermissions): Promise<NatsBus> {
  const options = { ...busOptions, ...storage, servers: url, name, giveUpAfterMs: 2_000, use };
  return parts.use(await connectNatsBus(options));
}

async function openAll() {
  const state = await openBus("state", { appends: [], setsTimers: true });
  const gateway = await openBus("gateway", { appends: [], asksQueries: true, writes: ["sessions"] });
  const notifier = await openBus("notifier", { appends: [], asksQueries: true, writes: ["leases"] });
  await untilReserveIsWhole();
  return { state, gateway, notifier };
}

/** The keeper first stores twice the reserve: a question that is asked meanwhile would find less room. */
async function untilReserveIsWhole(): Promise<void> {
  const hasSettled = async () => {
    const before = await fillerOf();
    await sleep(500);
    return before > 0 && before === (await fillerOf());
  };
  await expect.poll(hasSettled, eventually).toBe(true);
}

async function asOperator<Result>(
  work: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<Result>,
): Promise<Result> {
  const login = url.includes("me:me@") ? { user: "me", pass: "me" } : {};
  const connection = await connect({ servers: server.url, ...login });
  try {
    return await work(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

const fillerOf = () =>
  asOperator(async (jsm) => {
    const { state } = await jsm.streams.info("LOOPGATE_TIMERS", {
      subjects_filter: "loopgate.timer.v1._reserve.>",
    });
    return state.subjects?.["loopgate.timer.v1._reserve.log.filler"] ?? 0;
  });

/** The length of a question's text. */
const CHARACTERS = 60_000;

let answers = 1_000;
const longAnswer = (bus: NatsBus, ref: Asked) =>
  bus.log.append(copySubject(ref, (answers += 1)), anEvent(ref, { data: { text: "x".repeat(30_000) } }));

const roomOf = (bus: NatsBus) =>
  bus.checkRoom().then(
    () => "room",
    (error: Error) => error.message,
  );

describe.skipIf(!hasServer)("JetStream without room", () => {
  it.each([
    ["by the server's limit", fileStore(8)],
    ["by a smaller limit of the server", fileStore(4)],
    ["by the account's limit", account(6)],
  ])("%s rejects questions, and takes everything else; all goes on when there is room", async (_, limits) => {
    await start(limits);
    const { state, gateway, notifier } = await openAll();
    const asked = await askUntilFull(gateway, CHARACTERS);
    expect(asked.length).toBeGreaterThan(20);

    for (const ref of asked) expect((await decide(notifier, ref)).kind).toBe("stored");
    const leases = await notifier.keyValue.bucket("leases");
    expect(await leases.create("lease", "held")).toBeDefined();
    await state.timers.set(asked[0]!, "expiry", new Date(), aDue(asked[0]!, "due"));
    for (let copy = 0; copy < 50; copy += 1) {
      await notifier.log.append(copySubject(asked[0]!, copy), anEvent(asked[0]!));
    }
    // A small message may find room beside the limit: more answers, until the reserve is needed.
    const fillerAfterAnswer = async () => {
      await longAnswer(notifier, asked[0]!);
      return fillerOf();
    };
    await expect.poll(fillerAfterAnswer, eventually).toBe(0);
    const { full } = await inspectNats({ ...storage, servers: url }, ["operator"]);
    expect(full).toEqual([expect.stringContaining("no room left")]);
    await expect(ask(gateway, 10)).rejects.toThrow(LogFull);
    await expect.poll(() => roomOf(gateway), eventually).toContain("no room left");
    await expect.poll(() => roomOf(state), eventually).toContain("no room left");

    await asOperator((jsm) => jsm.streams.purge("LOOPGATE_REQUESTS", { filter: filters.created }));
    await expect.poll(() => roomOf(gateway), eventually).toBe("room");
    expect(await fillerOf()).toBeGreaterThan(0);
    await ask(gateway, CHARACTERS);
    for (const ref of asked) {
      expect(await notifier.log.last(requestSubject(ref, eventKey.decided))).toBeDefined();
    }
  });

  it("loses nothing, and every entry is handled after the limit was raised", async () => {
    await start(fileStore(6));
    const { gateway, notifier } = await openAll();
    const asked = await askUntilFull(gateway, CHARACTERS);
    for (const ref of asked) await decide(notifier, ref);
    const recorder = aRecorder();
    await using _ = await notifier.log.consume({ name: "all", filters: ["loopgate.req.v1.>"] }, recorder);

    await writeFile(configFile, fileStore(64));
    await server.restart();
    const handled = () => new Set(recorder.seen.map(({ entry }) => entry.subject)).size;
    await expect.poll(handled, eventually).toBe(2 * asked.length);
    await expect
      .poll(
        () =>
          ask(gateway, CHARACTERS).then(
            () => "stored",
            (error: Error) => error.name,
          ),
        eventually,
      )
      .toBe("stored");
  });

  it("and without a process that keeps the reserve rejects questions with the true reason", async () => {
    await start(fileStore(4));
    const gateway = await openBus("gateway", { appends: [], asksQueries: true });
    await askUntilFull(gateway, CHARACTERS);
    expect(await roomOf(gateway)).toContain("no room left");
    const decision = decide(gateway, aRequest());
    await expect(decision).rejects.toThrow(LogFull);
    await expect(decision).rejects.toThrow(Unavailable);
  });

  it.skipIf(disk === undefined)(
    "on its disk, so that it stores nothing until its restart, is named",
    async () => {
      vi.stubEnv("TMPDIR", disk?.path);
      await start(fileStore(30));
      vi.unstubAllEnvs();
      const gateway = await openBus("gateway", { appends: [] });
      await ask(gateway, CHARACTERS);
      const filler = await disk?.fill();
      const failure = async () => {
        await ask(gateway, CHARACTERS).catch(() => undefined);
        return roomOf(gateway);
      };
      await expect
        .poll(failure, eventually)
        .toContain("NATS has not answered a write within the last minute");

      await rm(filler ?? "");
      await server.restart();
      await expect
        .poll(
          () =>
            ask(gateway, CHARACTERS).then(
              () => "stored",
              () => "failed",
            ),
          eventually,
        )
        .toBe("stored");
      expect(await roomOf(gateway)).toBe("room");
    },
  );

  it("keeps a small reserve where there is little room, and takes questions", async () => {
    await start(fileStore(2));
    const { gateway } = await openAll();
    await expect.poll(fillerOf, eventually).toBeLessThan(20);
    await ask(gateway, CHARACTERS);
    expect(await roomOf(gateway)).toBe("room");
  });
});
