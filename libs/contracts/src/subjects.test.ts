import { expect, it } from "vitest";
import {
  committedSubject,
  deadLetterSubject,
  dueSubject,
  eventKey,
  filters,
  parseRequestSubject,
  receivedSubject,
  requestSubject,
  streams,
  subjectMatches,
  timerSubject,
} from "./subjects.ts";

const ref = { tenant: "default", id: "019ab3f0-7c00-7000-8000-000000000001" };

it("pins the subjects of the streams", () => {
  expect([
    requestSubject(ref, eventKey.created),
    requestSubject(ref, eventKey.decided),
    requestSubject(ref, eventKey.delivered("telegram_42_-7", "31")),
    requestSubject(ref, eventKey.undelivered("telegram_42_-7")),
    timerSubject(ref, "expiry"),
    dueSubject(ref, "expiry"),
    receivedSubject("default", "telegram", "42"),
    deadLetterSubject("notifier-inbound-42"),
    committedSubject(requestSubject(ref, eventKey.decided)),
  ]).toEqual([
    `loopgate.req.v1.default.${ref.id}.created`,
    `loopgate.req.v1.default.${ref.id}.decided`,
    `loopgate.req.v1.default.${ref.id}.delivered.telegram_42_-7.31`,
    `loopgate.req.v1.default.${ref.id}.undelivered.telegram_42_-7`,
    `loopgate.timer.v1.default.${ref.id}.expiry`,
    `loopgate.due.v1.default.${ref.id}.expiry`,
    "loopgate.channel.v1.default.telegram.42.in",
    "loopgate.dlq.v1.notifier-inbound-42",
    `loopgate.committed.v1.default.${ref.id}.decided`,
  ]);
});

it("reads a request's subject back", () => {
  const key = eventKey.delivered("telegram_42_7", "31");
  expect(parseRequestSubject(requestSubject(ref, key))).toEqual({ ...ref, key });
  expect(parseRequestSubject(timerSubject(ref, "expiry"))).toBeUndefined();
});

it.each(["a.b", "*", ">", "", "a b", "ä"])(
  "refuses %j as a token: it would change the subject's shape",
  (text) => {
    expect(() => requestSubject({ tenant: text, id: ref.id }, eventKey.created)).toThrow(TypeError);
    expect(() => eventKey.undelivered(text)).toThrow(TypeError);
  },
);

it("matches filters as NATS does", () => {
  const created = requestSubject(ref, eventKey.created);
  const delivered = requestSubject(ref, eventKey.delivered("telegram_42_7", "31"));
  expect(subjectMatches(filters.created, created)).toBe(true);
  expect(subjectMatches(filters.created, delivered)).toBe(false);
  expect(subjectMatches(filters.delivered, delivered)).toBe(true);
  expect(subjectMatches(filters.everyEvent, delivered)).toBe(true);
  expect(subjectMatches("a.>", "a")).toBe(false);
  expect(subjectMatches("a.*", "a.b.c")).toBe(false);
  expect(subjectMatches("a.*.c", "a.b")).toBe(false);
});

it("stores every subject in exactly one stream", () => {
  const subjects = [
    requestSubject(ref, eventKey.created),
    timerSubject(ref, "expiry"),
    dueSubject(ref, "expiry"),
    receivedSubject("default", "telegram", "42"),
    deadLetterSubject("state-projection"),
  ];
  const all = Object.values(streams);
  for (const subject of subjects) {
    expect(
      all.filter((stream) => stream.subjects.some((filter) => subjectMatches(filter, subject))),
    ).toHaveLength(1);
  }
});
