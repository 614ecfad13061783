import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallResult } from "@loopgate/requests";
import { SendOrder } from "./send-order.ts";

const ok: CallResult<void> = { kind: "ok", result: undefined };
const throttled = (retryInMs: number): CallResult<void> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs },
});
const transient: CallResult<void> = { kind: "failed", failure: { kind: "transient" } };

let order: SendOrder;
let sent: number[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  order = new SendOrder();
  sent = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const turn = { attempt: 1, retryHintMs: (ahead: number) => ahead * 500 };

/** A question arrives for a place; `send` is called once it has been read. */
function arrive(seq: number, place = "7") {
  const position = order.enter(place, seq);
  const send = (result: CallResult<void> | Promise<CallResult<void>> = ok, attempt = 1) =>
    position.send({ ...turn, attempt }, async () => {
      sent.push(seq);
      return result;
    });
  return { send, [Symbol.dispose]: () => position[Symbol.dispose]() };
}

describe("the order at a place", () => {
  it("is that of asking, whichever question is ready first; other places have their own", async () => {
    const [one, two, three] = [arrive(1), arrive(2), arrive(3)];
    const later = [three.send(), two.send()];
    await arrive(4, "8").send();
    expect(sent).toEqual([4]);
    await Promise.all([one.send(), ...later]);
    expect(sent).toEqual([4, 1, 2, 3]);
    expect(order.size).toBe(0);
  });

  it("sends one at a time", async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<CallResult<void>>();
    const sending = [arrive(1).send(end), arrive(2).send()];
    await Promise.resolve();
    expect(sent).toEqual([1]);
    finish(ok);
    await Promise.all(sending);
    expect(sent).toEqual([1, 2]);
  });

  it("defers the questions beyond the limit, by the number of those ahead, and sends them in order", async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<CallResult<void>>();
    const first = Array.from({ length: 9 }, (_, n) => arrive(n).send(end));
    expect(await arrive(9).send()).toEqual(throttled(4_500));
    expect(await arrive(10).send()).toEqual(throttled(5_000));
    finish(ok);
    await Promise.all(first);
    expect(await arrive(10).send()).toEqual(throttled(4_500 + 500));
    await arrive(9).send();
    await arrive(10).send();
    expect(sent).toEqual(Array.from({ length: 11 }, (_, n) => n));
    expect(order.size).toBe(0);
  });

  it.each([
    ["one that was throttled", throttled(3_000), 3_000],
    ["one that failed transiently", transient, 1_000],
  ])("is kept behind %s: all that wait are deferred until it comes back", async (_, failure, backMs) => {
    const [one, two, three] = [arrive(1), arrive(2), arrive(3)];
    const waiting = [two.send(), three.send()];
    expect(await one.send(failure)).toBe(failure);
    expect(await Promise.all(waiting)).toEqual([throttled(backMs + 500), throttled(backMs + 1_000)]);
    vi.advanceTimersByTime(backMs);
    const again = [arrive(3), arrive(1), arrive(2)].map(({ send }) => send());
    await Promise.all(again);
    expect(sent).toEqual([1, 1, 2, 3]);
  });
});

describe("no question is held up", () => {
  it("by one that backs off for long", async () => {
    const [one, two] = [arrive(1), arrive(2)];
    const waiting = two.send();
    await one.send(transient, 5);
    expect(await waiting).toBe(ok);
    expect(order.size).toBe(0);
  });

  it("by one that does not come back, beyond the grace period", async () => {
    await arrive(1).send(throttled(3_000));
    vi.advanceTimersByTime(4_900);
    expect(await arrive(2).send()).toEqual(throttled(500));
    vi.advanceTimersByTime(200);
    expect(await arrive(2).send()).toBe(ok);
    vi.advanceTimersByTime(10_000);
    expect(order.size).toBe(0);
  });

  it("by one whose send throws, or that needs no sending", async () => {
    const [one, two, three] = [arrive(1), arrive(2), arrive(3)];
    const waiting = three.send();
    await expect(one.send(Promise.reject(new TypeError("ours")))).rejects.toThrow("ours");
    two[Symbol.dispose]();
    expect(await waiting).toBe(ok);
  });

  it("by itself, if it is asked twice at a place", async () => {
    const [one, twin] = [arrive(1), arrive(1)];
    await Promise.all([twin.send(throttled(1_000)), one.send(throttled(1_000))]);
    expect(await Promise.all([arrive(1).send(), arrive(1).send()])).toEqual([ok, ok]);
    expect(order.size).toBe(0);
  });

  it("by a delivery that ends after another delivery of the same question has begun", async () => {
    const early = arrive(1);
    await arrive(1).send();
    early[Symbol.dispose]();
    expect(await arrive(2).send()).toBe(ok);
  });
});
