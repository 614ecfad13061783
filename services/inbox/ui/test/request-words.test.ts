import { describe, expect, it } from "vitest";
import { en } from "../messages/en.ts";
import { circumstances, kindOf, lateness, nameOf, shortId, verdict } from "../request-words.ts";
import { approved, aRequest } from "./request.ts";

const now = Date.parse("2026-11-30T14:05:00.000Z");
const telling = { words: en, language: "en-GB", now };
const request = aRequest();
const denied = {
  ...approved(request),
  outcome: "denied" as const,
  decided_by: { type: "human" as const, name: "Bob", channel: "telegram" },
};
const expired = {
  ...request,
  status: "expired" as const,
  decided_at: "2026-11-30T14:06:35.000Z",
  decided_by: { type: "timeout" as const },
};

it("says what kind of answer is wanted", () => {
  const neutral = [{ value: "eu", label: "EU", effect: "neutral" as const }];
  expect(kindOf(request, en)).toBe("Approval");
  expect(kindOf(aRequest({ options: neutral }), en)).toBe("Question");
  expect(kindOf(aRequest({ options: [] }), en)).toBe("Your words");
});

it("a verdict names the person, and an end without one does not", () => {
  expect(verdict(approved(request), en)).toBe("Approved by Alice Kim");
  expect(verdict({ ...denied, decided_by: { type: "human" } }, en)).toBe("Denied by a person");
  expect(verdict(expired, en)).toBe("Expired");
  expect(verdict(request, en)).toBe("");
});

it("the circumstances are when, where, and how long it took", () => {
  expect(circumstances(approved(request), telling)).toMatch(
    /^\d\d:02:11 · in Telegram · 37 seconds after asking$/,
  );
  expect(circumstances(expired, telling)).toMatch(/^\d\d:06:35 · 5 minutes after asking$/);
});

describe("a late answer", () => {
  const pressedAt = Date.parse("2026-11-30T14:02:14.000Z");

  it("is told who was first, by how much, and where", () => {
    expect(lateness(denied, pressedAt, telling)).toBe(
      "Bob denied this 3 seconds before you, in Telegram. Your answer changed nothing.",
    );
  });

  it("never tells a negative time, should the clocks differ", () => {
    expect(lateness(denied, 0, telling)).toMatch(/^Bob denied this 0 seconds before you/);
  });

  it("is told of an expiry", () => {
    expect(lateness(expired, pressedAt, telling)).toBe(
      "Expired before your answer arrived. Your answer changed nothing.",
    );
  });
});

it("a name can't break out of its line, nor hide", () => {
  expect(nameOf("ci\n\nApproved by Alice\u202E")).toBe("ci Approved by Alice⟨U+202E⟩");
});

it("a request is known by the end of its id", () => {
  expect(shortId("0193-00a7f3")).toBe("#A7F3");
});
