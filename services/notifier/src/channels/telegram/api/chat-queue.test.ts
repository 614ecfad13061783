import { GrammyError } from "grammy";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CallKind, ChatQueue } from "./chat-queue.ts";
import { Rates } from "./rates.ts";

const refusal = (error_code: number, description: string, parameters = {}) =>
  new GrammyError("failed", { ok: false, error_code, description, parameters }, "sendMessage", {});
const throttled = refusal(429, "Too Many Requests: retry after 5", { retry_after: 5 });

afterEach(() => {
  vi.useRealTimers();
});

describe("the queue", () => {
  it("makes one call at a time in a chat, edits before sends", async () => {
    const queue = new ChatQueue();
    const order: string[] = [];
    const { promise: first, resolve: finishFirst } = Promise.withResolvers<void>();
    const call = (name: string, until?: Promise<void>) => async () => {
      order.push(name);
      await until;
    };
    const all = [
      queue.call("7", "send", call("send 1", first)),
      queue.call("7", "send", call("send 2")),
      queue.call("7", "edit", call("edit")),
      queue.call("8", "send", call("other chat")),
    ];
    await all[3];
    expect(order).toEqual(["send 1", "other chat"]);
    finishFirst();
    await Promise.all(all);
    expect(order).toEqual(["send 1", "other chat", "edit", "send 2"]);
  });

  it("makes no call in a chat that Telegram throttles, and defers each call for a slightly different time", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const queue = new ChatQueue();
    const fail = () => Promise.reject(throttled);
    expect(await queue.call("7", "send", fail)).toEqual({
      kind: "failed",
      failure: { kind: "throttled", retryInMs: 5_000 },
    });
    const called = () => Promise.reject(new Error("called"));
    const waits: number[] = [];
    for (let n = 0; n < 20; n++) {
      const next = await queue.call("7", "edit", called);
      if (next.kind === "failed" && next.failure.kind === "throttled") waits.push(next.failure.retryInMs);
    }
    expect(Math.min(...waits)).toBeGreaterThan(4_000);
    expect(new Set(waits.map(Math.round)).size).toBeGreaterThan(10);
    expect(await queue.call("8", "send", async () => "sent")).toEqual({ kind: "ok", result: "sent" });
  });

  it("pauses the whole bot after three throttled chats", async () => {
    const queue = new ChatQueue();
    for (const chat of ["1", "2", "3"]) await queue.call(chat, "send", () => Promise.reject(throttled));
    expect(await queue.call("4", "send", () => Promise.reject(new Error("called")))).toMatchObject({
      failure: { kind: "throttled" },
    });
  });

  it("rejects with an error that is not Telegram's", async () => {
    await expect(
      new ChatQueue().call("7", "send", () => Promise.reject(new TypeError("ours"))),
    ).rejects.toThrow("ours");
  });

  it("lets at most eight calls of a kind wait for a chat: it defers the rest, and other chats go on", async () => {
    await using queue = new ChatQueue();
    const { promise: end, resolve: finish } = Promise.withResolvers<void>();
    const ran = Array.from({ length: 20 }, () => queue.call("7", "send", () => end));
    const refused = await Promise.all(ran.slice(9));
    for (const result of refused) expect(result).toMatchObject({ failure: { kind: "throttled" } });
    expect(await queue.call("8", "send", async () => "sent")).toMatchObject({ kind: "ok" });
    const edit = queue.call("7", "edit", async () => "edited");
    finish();
    expect(await edit).toMatchObject({ kind: "ok" });
    expect(await Promise.all(ran.slice(0, 9))).toEqual(ran.slice(0, 9).map(() => ({ kind: "ok" })));
  });

  it("makes a reply before a send, at the rate of sends, which all queues of a bot share", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const rates = new Rates();
    await using questions = new ChatQueue({ rates });
    await using replies = new ChatQueue({ rates });
    const order: string[] = [];
    const call = (queue: ChatQueue, kind: CallKind, name: string) =>
      queue.call("-4500", kind, async () => void order.push(name));
    const all = [
      call(replies, "send", "first"),
      call(replies, "send", "send"),
      call(replies, "reply", "reply"),
    ];
    await Promise.all(all);
    expect(order).toEqual(["first", "reply", "send"]);
    for (let n = 0; n < 15; n++) await call(questions, n % 2 === 0 ? "send" : "reply", "more");
    expect(rates.of("-4500").sends.waitMs(0)).toBeGreaterThan(3_000);
    expect(rates.of("-4500").edits.isFull).toBe(true);
    expect(rates.bot.waitMs(6)).toBe(0);
    expect(rates.bot.waitMs(7)).toBeGreaterThan(0);
  });

  it("respects the longest pause, and calls again once it is over", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    await using queue = new ChatQueue();
    for (const chat of ["1", "2", "3"]) await queue.call(chat, "send", () => Promise.reject(throttled));
    vi.advanceTimersByTime(4_900);
    const called = vi.fn(async () => "sent");
    expect(await queue.call("4", "send", called)).toMatchObject({ failure: { kind: "throttled" } });
    expect(called).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(await queue.call("4", "send", called)).toMatchObject({ kind: "ok" });
  });

  it("waits at its end for the call in flight, and makes none of those that wait", async () => {
    const queue = new ChatQueue();
    const { promise: end, resolve: finish } = Promise.withResolvers<void>();
    const order: string[] = [];
    const first = queue.call("7", "send", async () => {
      await end;
      order.push("sent");
    });
    const second = queue.call("7", "send", async () => void order.push("too late"));
    const disposed = queue[Symbol.asyncDispose]().then(() => order.push("disposed"));
    finish();
    await Promise.all([first, disposed]);
    expect(await second).toMatchObject({ failure: { kind: "throttled" } });
    expect(order).toEqual(["sent", "disposed"]);
  });
});
