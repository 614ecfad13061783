import { GrammyError, HttpError } from "grammy";
import { describe, expect, it } from "vitest";
import { failureOf } from "./api-outcome.ts";
import { Outbox } from "./outbox.ts";

const refusal = (error_code: number, description: string, parameters = {}) =>
  new GrammyError("failed", { ok: false, error_code, description, parameters }, "sendMessage", {});
const throttled = refusal(429, "Too Many Requests: retry after 5", { retry_after: 5 });

describe("the outbox", () => {
  it("makes one call at a time in a chat, edits before sends", async () => {
    const outbox = new Outbox();
    const order: string[] = [];
    const { promise: first, resolve: finishFirst } = Promise.withResolvers<void>();
    const call = (name: string, until?: Promise<void>) => async () => {
      order.push(name);
      await until;
    };
    const all = [
      outbox.call("7", "send", call("send 1", first)),
      outbox.call("7", "send", call("send 2")),
      outbox.call("7", "edit", call("edit")),
      outbox.call("8", "send", call("other chat")),
    ];
    await all[3];
    expect(order).toEqual(["send 1", "other chat"]);
    finishFirst();
    await Promise.all(all);
    expect(order).toEqual(["send 1", "other chat", "edit", "send 2"]);
  });

  it("makes no call in a chat that Telegram throttles, and says how long that lasts", async () => {
    const outbox = new Outbox();
    const fail = () => Promise.reject(throttled);
    expect(await outbox.call("7", "send", fail)).toEqual({
      kind: "failed",
      failure: { kind: "throttled", retryInMs: 5_000 },
    });
    const next = await outbox.call("7", "edit", () => Promise.reject(new Error("called")));
    expect(next).toMatchObject({ failure: { kind: "throttled" } });
    expect(await outbox.call("8", "send", async () => "sent")).toEqual({ kind: "ok", result: "sent" });
  });

  it("takes three throttled chats for a throttled bot", async () => {
    const outbox = new Outbox();
    for (const chat of ["1", "2", "3"]) await outbox.call(chat, "send", () => Promise.reject(throttled));
    expect(await outbox.call("4", "send", () => Promise.reject(new Error("called")))).toMatchObject({
      failure: { kind: "throttled" },
    });
  });

  it("hands on what is no failure of Telegram's", async () => {
    await expect(new Outbox().call("7", "send", () => Promise.reject(new TypeError("ours")))).rejects.toThrow(
      "ours",
    );
  });
});

describe("a failure", () => {
  it.each([
    [throttled, { kind: "throttled", retryInMs: 5_000 }],
    [new HttpError("no answer", {}), { kind: "transient" }],
    [refusal(502, "Bad Gateway"), { kind: "transient" }],
    [refusal(401, "Unauthorized"), { kind: "unauthorized" }],
    [refusal(403, "Forbidden: bot was blocked by the user"), { kind: "permanent", reason: "blocked" }],
    [refusal(403, "Forbidden: user is deactivated"), { kind: "permanent", reason: "user_deactivated" }],
    [
      refusal(403, "Forbidden: bot can't initiate conversation with a user"),
      { kind: "permanent", reason: "never_started" },
    ],
    [refusal(403, "Forbidden: a new wording"), { kind: "permanent", reason: "forbidden" }],
    [refusal(400, "Bad Request: chat not found"), { kind: "permanent", reason: "chat_not_found" }],
    [refusal(400, "upgraded", { migrate_to_chat_id: -1 }), { kind: "permanent", reason: "chat_migrated" }],
    [refusal(400, "Bad Request: a new wording"), { kind: "permanent", reason: "rejected" }],
  ])("is read by code and parameters", (error, failure) => {
    expect(failureOf(error)).toEqual(failure);
  });
});
