import type { RequestEvent } from "@loopgate/contracts";
import {
  aCancellation,
  aDecision,
  aDelivery,
  aFailedDelivery,
  anEntry,
  anOpening,
  aQuestion,
  entriesOf,
} from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { expiry } from "./decisions.ts";
import { fold } from "./request-set.ts";
import { timelineOf } from "./timeline.ts";

const at = new Date("2026-11-30T10:00:00.000Z");
const recipients = [
  { channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] },
  { channel: "web", endpoint: "web_inbox", responders: ["web:owner"] },
];
const created = aQuestion({ at, recipients });
const decided = aDecision(created, { at: new Date("2026-11-30T10:00:37.000Z") });
const events = [
  created,
  aDelivery(created, "1"),
  aFailedDelivery(created, "elsewhere"),
  anOpening(created),
  decided,
];
const timeline = (...given: readonly RequestEvent[]) => timelineOf(fold(entriesOf(...given)));

it("tells what happened, when, in which channel and by whom", () => {
  const [, delivered, failed, seen] = events.map(({ time }) => time);
  expect(timeline(...events)).toEqual([
    { type: "created", at: "2026-11-30T10:00:00.000Z" },
    { type: "delivered", at: delivered, channel: "telegram", endpoint: "telegram_42_7" },
    { type: "undelivered", at: failed, endpoint: "elsewhere", reason: "blocked" },
    {
      type: "seen",
      at: seen,
      channel: "web",
      by: { type: "human", name: "Alice Weber", channel: "web", person: "p_1" },
    },
    {
      type: "decided",
      at: "2026-11-30T10:00:37.000Z",
      channel: "telegram",
      by: { type: "human", id: "telegram:7", name: "Alice Weber", channel: "telegram" },
    },
  ]);
});

it("names the reason of a withdrawal, and an end without an answer", () => {
  expect(timeline(created, aCancellation(created, "the build failed")).at(-1)).toMatchObject({
    type: "decided",
    by: { type: "requester" },
    reason: "the build failed",
  });
  expect(timeline(created, expiry(created, at)).at(-1)).toEqual({
    type: "decided",
    at: "2026-11-30T10:00:00.000Z",
    by: { type: "timeout" },
  });
});

it("has the order of the log, in whatever order the events are read", () => {
  const entries = entriesOf(...events);
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      expect(timelineOf(fold(shuffled))).toEqual(timeline(...events));
    }),
  );
});

it("leaves out what happened to an earlier question with this id", () => {
  const again = aQuestion({ id: created.subject, recipients });
  expect(timelineOf(fold([...entriesOf(...events), anEntry(9, again)])).map(({ type }) => type)).toEqual([
    "created",
  ]);
});
