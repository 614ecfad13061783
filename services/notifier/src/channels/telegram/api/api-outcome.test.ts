import { GrammyError, HttpError } from "grammy";
import { describe, expect, it } from "vitest";
import { failureOf, isNotModified } from "./api-outcome.ts";

const refusal = (error_code: number, description: string, parameters = {}) =>
  new GrammyError("failed", { ok: false, error_code, description, parameters }, "sendMessage", {});

describe("a failure", () => {
  it.each([
    [
      refusal(429, "Too Many Requests: retry after 5", { retry_after: 5 }),
      { kind: "throttled", retryInMs: 5_000 },
    ],
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
    [refusal(400, "upgraded", { migrate_to_chat_id: -1 }), { kind: "moved", chat: "-1" }],
    [refusal(400, "Bad Request: message thread not found"), { kind: "permanent", reason: "topic_gone" }],
    [refusal(400, "Bad Request: TOPIC_CLOSED"), { kind: "permanent", reason: "topic_gone" }],
    [refusal(400, "Bad Request: message to edit not found"), { kind: "permanent", reason: "message_gone" }],
    [refusal(400, "Bad Request: message can't be edited"), { kind: "permanent", reason: "message_gone" }],
    [
      refusal(400, "Bad Request: not enough rights to send text messages to the chat"),
      { kind: "permanent", reason: "no_rights" },
    ],
    [refusal(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), { kind: "permanent", reason: "no_rights" }],
    [refusal(400, "Bad Request: a new wording"), { kind: "permanent", reason: "rejected" }],
  ])("is read by code and parameters", (error, failure) => {
    expect(failureOf(error)).toEqual(failure);
  });

  it("without a time to wait is a second's pause, with another poller it passes", () => {
    expect(failureOf(refusal(429, "Too Many Requests"))).toEqual({ kind: "throttled", retryInMs: 1_000 });
    expect(failureOf(refusal(409, "Conflict: terminated"))).toEqual({ kind: "transient" });
    expect(failureOf(refusal(403, "Forbidden: bot is not a member of the channel chat"))).toEqual({
      kind: "permanent",
      reason: "removed_from_chat",
    });
  });

  it("that is not Telegram's is not read at all", () => {
    expect(() => failureOf(new TypeError("ours"))).toThrow("ours");
  });

  it("never carries Telegram's words on", () => {
    const words = "Bad Request: can't parse entities: secret question";
    expect(JSON.stringify(failureOf(refusal(400, words)))).not.toContain("secret");
  });
});

it("an edit that changes nothing is what was wanted", () => {
  expect(isNotModified(refusal(400, "Bad Request: message is not modified: specified new"))).toBe(true);
  expect(isNotModified(refusal(400, "Bad Request: message to edit not found"))).toBe(false);
  expect(isNotModified(refusal(500, "not modified"))).toBe(false);
});
