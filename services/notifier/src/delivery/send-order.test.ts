import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallResult } from "@loopgate/requests";
import { SendOrder } from "./send-order.ts";

const ok: CallResult<void> = { kind: "ok", result: undefined };
const transient: CallResult<void> = { kind: "failed", failure: { kind: "transient" } };
const unauthorized: CallResult<void> = { kind: "failed", failure: { kind: "unauthorized" } };
const rejected: CallResult<void> = { kind: "failed", failure: { kind: "permanent", reason: "rejected" } };
const throttled = (retryInMs: number): CallResult<void> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs },
});

let order: SendOrder;
/** The sequences of all calls, in their order. */
let called: number[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  order = new SendOrder();
  called = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets what is ready happen, without any time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

interface Asked {
  readonly client?: string;
  readonly place?: string;
  /** The results of its calls; `ok` once there are none left. */
  readonly results?: readonly (CallResult<void> | Promise<CallResult<void>>)[];
  /** How long it is read before each try. */
  readonly read?: Promise<void>;
}

/** A question arrives and is sent; when it is put off, it is tried again at its turn. Resolves once it is settled. */
async function ask(
  seq: number,
  { client = "a", place = "7", results = [], read }: Asked = {},
): Promise<void> {
  const position = order.enter(place, { client, seq });
  const left = [...results];
  await read;
  while (!position.isGone) {
    await position.send(async () => {
      called.push(seq);
      return left.shift() ?? ok;
    });
    if (position.isPutOff) await position.resumed;
  }
}

const numbers = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => from + n);

/** A call that is under way until the test ends it. */
function held() {
  const { promise, resolve } = Promise.withResolvers<CallResult<void>>();
  return { result: promise, end: () => resolve(ok) };
}

describe("the questions of one client at a place", () => {
  it("are sent in the order of asking, whichever is ready first; other places have their own", async () => {
    const { promise: read, resolve } = Promise.withResolvers<void>();
    const asked = [ask(1, { read }), ask(2), ask(3)];
    await ask(4, { place: "8" });
    expect(called).toEqual([4]);
    resolve();
    await Promise.all(asked);
    expect(called).toEqual([4, 1, 2, 3]);
    expect(order.size).toBe(0);
  });

  it("are sent one at a time", async () => {
    const { result, end } = held();
    const asked = [ask(1, { results: [result] }), ask(2)];
    await settle();
    expect(called).toEqual([1]);
    end();
    await Promise.all(asked);
    expect(called).toEqual([1, 2]);
  });

  it("wait for their turns, however many they are", async () => {
    const { result, end } = held();
    const asked = [ask(0, { results: [result] }), ...numbers(1, 500).map((seq) => ask(seq))];
    await settle();
    end();
    await Promise.all(asked);
    expect(called).toEqual(numbers(0, 501));
    expect(order.size).toBe(0);
  });

  it("take a consumer's slot only near their turn", async () => {
    const { result, end } = held();
    const asked = [ask(0, { results: [result] })];
    const positions = numbers(1, 20).map((seq) => order.enter("7", { client: "a", seq }));
    const sends = positions.map((position) => position.send(async () => ok));
    await settle();
    expect(positions.map(({ isPutOff }) => isPutOff)).toEqual(positions.map((_, n) => n >= 8));
    end();
    await Promise.all([...asked, ...sends]);
  });

  it.each([
    ["was throttled", throttled(3_000), 3_000],
    ["failed transiently", transient, 1_000],
    ["had no valid token", unauthorized, 30_000],
  ])("wait for one that %s, and those asked meanwhile do, too", async (_, failure, backMs) => {
    const asked = [ask(1, { results: [failure] }), ask(2), ask(3)];
    await pass(backMs - 100);
    asked.push(ask(4));
    await settle();
    expect(called).toEqual([1]);
    await pass(100);
    await Promise.all(asked);
    expect(called).toEqual([1, 1, 2, 3, 4]);
    expect(order.size).toBe(0);
  });

  it.each([7_000, 20_000, 60_000, 600_000])(
    "are sent in order, at most five seconds late, after an outage of %i ms",
    async (outageMs) => {
      const end = performance.now() + outageMs;
      const sent: number[] = [];
      const send = async (seq: number) => {
        const position = order.enter("7", { client: "a", seq });
        while (!position.isGone) {
          const call = async () => (performance.now() < end ? transient : (sent.push(seq), ok));
          await position.send(call);
          if (position.isPutOff) await position.resumed;
        }
      };
      const asked = [send(1)];
      await pass(outageMs / 2);
      asked.push(send(2));
      await pass(outageMs / 2);
      asked.push(send(3));
      await pass(5_000);
      expect(sent).toEqual([1, 2, 3]);
      await Promise.all(asked);
    },
  );

  it("do not wait for one whose send throws, that can never be sent, or that needs no sending", async () => {
    const broken = ask(1, { results: [Promise.reject(new TypeError("ours"))] });
    const needless = order.enter("7", { client: "a", seq: 3 });
    const asked = [ask(2, { results: [rejected] }), ask(4)];
    await expect(broken).rejects.toThrow("ours");
    needless[Symbol.dispose]();
    await Promise.all(asked);
    expect(called).toEqual([1, 2, 4]);
    expect(order.size).toBe(0);
  });

  it("are not held up by one that is asked twice at the place", async () => {
    await Promise.all([ask(1), ask(1), ask(2)]);
    expect(called).toEqual([1, 1, 2]);
    expect(order.size).toBe(0);
  });
});

describe("a question that fails again and again", () => {
  it("lets the next one be tried after its fifth failure, and holds up no other once that one is sent", async () => {
    const failures = Array.from({ length: 40 }, () => transient);
    const asked = [ask(1, { results: failures }), ask(2), ask(3), ask(4)];
    await pass(11_900);
    expect(called).toEqual([1, 1, 1, 1]);
    await pass(200);
    expect(called.filter((seq) => seq !== 1)).toEqual([2, 3, 4]);
    const before = called.length;
    await ask(5);
    expect(called.slice(before)).toEqual([5]);
    await pass(1_200_000);
    await Promise.all(asked);
    expect(called.at(-1)).toBe(1);
    expect(order.size).toBe(0);
  });

  it("stays the first one if the next one fails as well", async () => {
    const failing = (count: number) => Array.from({ length: count }, () => transient);
    const asked = [ask(1, { results: failing(6) }), ask(2, { results: failing(2) }), ask(3)];
    await pass(12_100);
    expect(called).toEqual([1, 1, 1, 1, 1, 2]);
    await pass(4_800);
    expect(called).toEqual([1, 1, 1, 1, 1, 2]);
    await pass(5_200);
    await Promise.all(asked);
    expect(called).toEqual([1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 3]);
  });
});

describe("several clients at a place", () => {
  it("are served in turns, each in the order of asking: a flood of one delays the others by one question", async () => {
    const { result, end } = held();
    const flood = [ask(0, { results: [result] }), ...numbers(1, 500).map((seq) => ask(seq))];
    await settle();
    const others = [
      ask(600, { client: "b" }),
      ask(601, { client: "c" }),
      ask(602, { client: "b" }),
      ask(603, { client: "b" }),
    ];
    await settle();
    end();
    await Promise.all([...flood, ...others]);
    expect(called.slice(0, 8)).toEqual([0, 600, 601, 1, 602, 2, 603, 3]);
    expect(called.filter((seq) => seq < 600)).toEqual(numbers(0, 501));
  });

  it.each([2, 5, 30])("get equal shares if %i of them have many questions", async (clients) => {
    const { result, end } = held();
    const asked = [ask(-1, { client: "z", results: [result] })];
    for (const seq of numbers(0, clients * 20)) asked.push(ask(seq, { client: `${Math.floor(seq / 20)}` }));
    await settle();
    end();
    await Promise.all(asked);
    const round = (n: number) => called.slice(1 + n * clients, 1 + (n + 1) * clients);
    for (const n of [0, 7, 19]) expect(round(n)).toEqual(numbers(0, clients).map((one) => one * 20 + n));
  });

  it("that ask one question after the other do not crowd out one with many", async () => {
    const flood = numbers(0, 30).map((seq) => ask(seq));
    let seq = 100;
    const askAgain = async (client: string) => {
      while (called.length < 30) await ask(seq++, { client });
    };
    await Promise.all([...flood, askAgain("b"), askAgain("c")]);
    const share = called.slice(0, 30).filter((one) => one < 100).length;
    expect(share).toBeGreaterThanOrEqual(10);
  });

  it("under ever new names do not crowd out one with many", async () => {
    const flood = numbers(0, 30).map((seq) => ask(seq));
    const askAsOthers = async () => {
      for (let seq = 100; called.length < 30; seq++) await ask(seq, { client: `${seq}` });
    };
    await Promise.all([...flood, askAsOthers()]);
    expect(called.slice(0, 30).filter((one) => one < 100).length).toBeGreaterThanOrEqual(14);
  });

  it.each([
    ["throttled", throttled(60_000)],
    ["failing", transient],
  ])("do not wait for one whose question is %s", async (_, failure) => {
    const { promise: read, resolve } = Promise.withResolvers<void>();
    const waiting = ask(1, { results: [failure] });
    await settle();
    const unread = ask(2, { client: "b", read });
    await ask(3, { client: "c" });
    expect(called.slice(0, 2)).toEqual([1, 3]);
    resolve();
    await Promise.all([waiting, unread]);
  });

  it("are all tried again at the first success at the place, each in the order of asking", async () => {
    const long = throttled(3_600_000);
    const asked = [
      ask(1, { client: "a", results: [transient] }),
      ask(2, { client: "a" }),
      ask(3, { client: "b", results: [long] }),
      ask(4, { client: "b" }),
      ask(5, { client: "c", results: [unauthorized] }),
    ];
    await pass(900);
    expect(called).toEqual([1, 3, 5]);
    const elsewhere = ask(6, { place: "8", results: [long] });
    await ask(7, { client: "d" });
    await Promise.all(asked);
    expect(called.slice(0, 5)).toEqual([1, 3, 5, 6, 7]);
    expect(called.slice(5).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    for (const own of [
      [1, 2],
      [3, 4],
    ])
      expect(called.slice(5).filter((seq) => own.includes(seq))).toEqual(own);
    expect(order.size).toBe(1);
    await pass(3_600_000);
    await elsewhere;
  });

  it("are each tried by their first question alone while the place fails", async () => {
    let isUp = false;
    const send = async (seq: number, client: string) => {
      const position = order.enter("7", { client, seq });
      while (!position.isGone) {
        await position.send(async () => (called.push(seq), isUp ? ok : transient));
        if (position.isPutOff) await position.resumed;
      }
    };
    const asked = numbers(0, 60).map((seq) => send(seq, `${seq % 3}`));
    await pass(10_000);
    expect(new Set(called)).toEqual(new Set([0, 1, 2]));
    expect(called.length).toBeLessThanOrEqual(12);
    isUp = true;
    called.length = 0;
    await pass(5_000);
    await Promise.all(asked);
    for (const client of [0, 1, 2])
      expect(called.filter((seq) => seq % 3 === client)).toEqual(numbers(0, 20).map((n) => n * 3 + client));
  });
});
