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

/** A question comes to a chat; `send` is called once it has been read. */
function come(seq: number, chat = "7") {
  const place = order.enter(chat, seq);
  const send = (result: CallResult<void> | Promise<CallResult<void>> = ok, attempt = 1) =>
    place.send({ ...turn, attempt }, async () => {
      sent.push(seq);
      return result;
    });
  return { send, [Symbol.dispose]: () => place[Symbol.dispose]() };
}

describe("the order in a chat", () => {
  it("is that of asking, whichever question is ready first; other chats have their own", async () => {
    const [one, two, three] = [come(1), come(2), come(3)];
    const later = [three.send(), two.send()];
    await come(4, "8").send();
    expect(sent).toEqual([4]);
    await Promise.all([one.send(), ...later]);
    expect(sent).toEqual([4, 1, 2, 3]);
    expect(order.size).toBe(0);
  });

  it("lets one go at a time", async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<CallResult<void>>();
    const sending = [come(1).send(end), come(2).send()];
    await Promise.resolve();
    expect(sent).toEqual([1]);
    finish(ok);
    await Promise.all(sending);
    expect(sent).toEqual([1, 2]);
  });

  it("sends those away for whom the line has no place, for as long as their number says, and takes them in order", async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<CallResult<void>>();
    const first = Array.from({ length: 9 }, (_, n) => come(n).send(end));
    expect(await come(9).send()).toEqual(throttled(4_500));
    expect(await come(10).send()).toEqual(throttled(5_000));
    finish(ok);
    await Promise.all(first);
    expect(await come(10).send()).toEqual(throttled(4_500 + 500));
    await come(9).send();
    await come(10).send();
    expect(sent).toEqual(Array.from({ length: 11 }, (_, n) => n));
    expect(order.size).toBe(0);
  });

  it.each([
    ["throttled", throttled(3_000), 3_000],
    ["what Telegram could not answer", transient, 1_000],
  ])("is kept behind %s: all that wait go away until it comes back", async (_, failure, backMs) => {
    const [one, two, three] = [come(1), come(2), come(3)];
    const waiting = [two.send(), three.send()];
    expect(await one.send(failure)).toBe(failure);
    expect(await Promise.all(waiting)).toEqual([throttled(backMs + 500), throttled(backMs + 1_000)]);
    vi.advanceTimersByTime(backMs);
    const again = [come(3), come(1), come(2)].map(({ send }) => send());
    await Promise.all(again);
    expect(sent).toEqual([1, 1, 2, 3]);
  });
});

describe("nobody is held up", () => {
  it("by what backs off for long", async () => {
    const [one, two] = [come(1), come(2)];
    const waiting = two.send();
    await one.send(transient, 5);
    expect(await waiting).toBe(ok);
    expect(order.size).toBe(0);
  });

  it("by what does not come back, for much longer than it was to be away", async () => {
    await come(1).send(throttled(3_000));
    vi.advanceTimersByTime(4_900);
    expect(await come(2).send()).toEqual(throttled(500));
    vi.advanceTimersByTime(200);
    expect(await come(2).send()).toBe(ok);
    vi.advanceTimersByTime(10_000);
    expect(order.size).toBe(0);
  });

  it("by what breaks, or needs no sending", async () => {
    const [one, two, three] = [come(1), come(2), come(3)];
    const waiting = three.send();
    await expect(one.send(Promise.reject(new TypeError("ours")))).rejects.toThrow("ours");
    two[Symbol.dispose]();
    expect(await waiting).toBe(ok);
  });

  it("by itself, if it is asked twice in a chat", async () => {
    const [one, twin] = [come(1), come(1)];
    await Promise.all([twin.send(throttled(1_000)), one.send(throttled(1_000))]);
    expect(await Promise.all([come(1).send(), come(1).send()])).toEqual([ok, ok]);
    expect(order.size).toBe(0);
  });

  it("by a visit that ends after another one of the same question has begun", async () => {
    const early = come(1);
    await come(1).send();
    early[Symbol.dispose]();
    expect(await come(2).send()).toBe(ok);
  });
});
