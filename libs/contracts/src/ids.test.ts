import { expect, it } from "vitest";
import { fingerprint } from "./fingerprint.ts";
import { creationTag, isRequestId, keyedRequestId, keyToken, newRequestId } from "./ids.ts";

const submission = { tenant: "default", caller: "local", clientId: "agent", sessionId: "s", key: "k" };

it("gives an idempotency key the same id for ever", () => {
  expect(keyedRequestId(submission)).toBe("d944e85f-7c9f-8432-8e28-dd82a6e1319c");
});

it("scopes an idempotency key to tenant, caller, client and session", () => {
  const others = [
    { ...submission, tenant: "other" },
    { ...submission, caller: "key:ci" },
    { ...submission, clientId: "agents", sessionId: "" },
    { ...submission, sessionId: "k", key: "s" },
    { ...submission, key: "K" },
  ];
  expect(new Set([submission, ...others].map(keyedRequestId)).size).toBe(6);
});

it("knows its own ids from anything else", () => {
  expect(isRequestId(newRequestId())).toBe(true);
  expect(isRequestId(keyedRequestId(submission))).toBe(true);
  for (const other of [
    "",
    "x",
    newRequestId().toUpperCase(),
    "6ba7b810-9dad-41d4-80b4-00c04fd430c8",
    "a.*.>",
  ]) {
    expect(isRequestId(other)).toBe(false);
  }
});

it("makes tokens that are safe in subjects and keys, whatever the text", () => {
  for (const text of ["", "a.b", "*", ">", "emoji 🙂", "x".repeat(10_000)]) {
    expect(keyToken("default", text)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  }
  expect(keyToken("a", "bc")).not.toBe(keyToken("ab", "c"));
});

it("fingerprints by value: key order and undefined members do not matter, arrays and objects differ", () => {
  expect(fingerprint({ a: 1, b: [{ c: 2, d: undefined }] })).toBe(fingerprint({ b: [{ c: 2 }], a: 1 }));
  expect(fingerprint({ a: 1 })).not.toBe(fingerprint([["a", 1]]));
  expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }));
});

it("tells two questions with one id apart by their time", () => {
  const id = newRequestId();
  expect(creationTag(id, "2026-01-01T00:00:00.000Z")).not.toBe(creationTag(id, "2026-04-01T00:00:00.000Z"));
  expect(creationTag(id, "2026-01-01T00:00:00.000Z")).toMatch(/^[A-Za-z0-9_-]{6}$/);
});
