import {
  type CreatedEvent,
  type DecidedEvent,
  parsedEntry,
  type ParsedEntry,
  newRequestId,
  type RequestEvent,
  requestSubject,
  undeliveredEvent,
  webInbox,
} from "@loopgate/contracts";
import {
  aDelivery,
  aFailedDelivery,
  anEntry,
  anOpening,
  aQuestion,
  entriesOf,
  oneRecipient,
} from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attempt, cancellation, decideAnswer, expiry, expiryDueAt, isSameAnswer } from "./decisions.ts";
import { copiesOf, decisionOf, fold, merge, type RequestSet } from "./request-set.ts";
import { requestDetailsOf, viewOf } from "./view.ts";

const id = newRequestId();
const ref = { tenant: "default", id };
const { endpoint } = oneRecipient;
const start = Date.parse("2026-11-24T10:00:00.000Z");

const aCreated = (labels: readonly string[] = ["Approve", "Deny", "Later"], time = start): CreatedEvent =>
  aQuestion({ id, options: labels, at: new Date(time) });

const anAttempt = (changes: Partial<Attempt> = {}): Attempt => ({
  key: "tg42.1",
  endpoint,
  responder: "telegram:7",
  name: "Alice",
  channel: "telegram",
  choice: { option: 0 },
  storedAt: new Date(start + 60_000).toISOString(),
  ...changes,
});

const now = new Date(start + 60_000);

const setOf = (created: CreatedEvent): RequestSet => fold(entriesOf(created));

function answer(created: CreatedEvent, option: number): DecidedEvent {
  const result = decideAnswer(setOf(created), anAttempt({ choice: { option } }), now);
  if (result.kind !== "decide") throw new Error(result.kind);
  return result.event;
}

const delivered = (copy: string) => aDelivery(aCreated(), copy);
const undelivered = aFailedDelivery(aCreated());

const aLife = fc
  .record({
    option: fc.integer({ min: 0, max: 2 }),
    end: fc.constantFrom("answered", "cancelled", "expired", "open"),
    copies: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
    failed: fc.boolean(),
    seen: fc.boolean(),
  })
  .map(({ option, end, copies, failed, seen }) => {
    const created = aCreated();
    const entries = [anEntry(1, created)];
    for (const copy of copies) entries.push(anEntry(entries.length + 1, delivered(`${copy}`)));
    if (failed) entries.push(anEntry(entries.length + 1, undelivered));
    if (seen) entries.push(anEntry(entries.length + 1, anOpening(created)));
    if (end === "answered") entries.push(anEntry(99, answer(created, option)));
    if (end === "cancelled") entries.push(anEntry(99, cancellation(created, "cancel.1", now)));
    if (end === "expired") entries.push(anEntry(99, expiry(created, now)));
    return { entries, end, option };
  });

const shuffledWithRepeats = (entries: readonly ParsedEntry[]) =>
  fc
    .tuple(
      fc.shuffledSubarray([...entries], { minLength: entries.length }),
      fc.array(fc.constantFrom(...entries), { maxLength: 6 }),
    )
    .map(([all, repeats]) => [...repeats, ...all, ...repeats]);

describe("a request is the set of its events", () => {
  it("folds any order, repetition and batching to the same view", () => {
    fc.assert(
      fc.property(
        aLife.chain(({ entries }) => fc.tuple(fc.constant(entries), shuffledWithRepeats(entries), fc.nat(8))),
        ([entries, mixed, cut]) => {
          const batched = merge(merge({}, mixed.slice(0, cut)), mixed.slice(cut));
          expect(viewOf(batched)).toEqual(viewOf(fold(entries)));
          expect(JSON.parse(JSON.stringify(batched))).toEqual(fold(entries));
        },
      ),
    );
  });

  it("shows of any subset either nothing, pending, or the one decision, and approves only by an approving option", () => {
    fc.assert(
      fc.property(
        aLife.chain((life) => fc.tuple(fc.constant(life), fc.subarray(life.entries))),
        ([{ end, option }, some]) => {
          const view = viewOf(fold(some));
          const has = (key: string) => some.some(({ subject }) => subject.endsWith(`.${key}`));
          const status = !has("decided") ? "pending" : end === "answered" ? "decided" : end;
          expect(view?.status).toBe(has("created") ? status : undefined);
          expect(view?.approved === true).toBe(has("created") && status === "decided" && option === 0);
        },
      ),
    );
  });

  it("keeps the newest entry of each subject, and ignores a decision older than its question", () => {
    const old = anEntry(2, answer(aCreated(), 0));
    const renewed = anEntry(3, aCreated(["Approve", "Deny"], start + 7_776_000_000));
    expect(decisionOf(fold([old, renewed]))).toBeUndefined();
    expect(viewOf(fold([old, renewed]))).toMatchObject({ status: "pending", approved: null });
    expect(viewOf(fold([anEntry(1, aCreated()), renewed]))?.created_at).toBe(renewed.event.time);
  });

  it.each([
    ["a copy", delivered("5")],
    ["a failure to reach a chat", undelivered],
  ])("voids %s that is older than its question: that one is still to be sent", (_, event) => {
    const old = anEntry(2, event);
    const renewed = anEntry(3, aCreated(["Approve", "Deny"], start + 7_776_000_000));
    for (const set of [fold([old, renewed]), fold([renewed, old]), merge(fold([renewed]), [old])]) {
      expect(viewOf(set)).toMatchObject({ status: "pending", delivery: "queued" });
      expect(set).toEqual(fold([renewed]));
    }
    const again = anEntry(4, event);
    expect(fold([renewed, again, old])).toEqual(fold([renewed, again]));
  });

  it("ignores events of a type that it does not know", () => {
    const event = { ...aCreated(), type: "loopgate.request.claimed.v1", data: {} };
    const future = parsedEntry({ seq: 5, subject: requestSubject(ref, "claimed"), event });
    const set = fold([anEntry(1, aCreated()), future]);
    expect(Object.keys(set)).toEqual(["created"]);
  });
});

describe("the view", () => {
  const created = aCreated();
  const after = (...more: ParsedEntry[]) => viewOf(fold([anEntry(1, created), ...more]));

  it.each([
    [0, { status: "decided", outcome: "approved", approved: true, response: "Approve" }],
    [1, { status: "decided", outcome: "denied", approved: false, response: "Deny" }],
    [2, { status: "decided", outcome: "answered", approved: null, response: "Later" }],
  ])("of option %i", (option, expected) => {
    expect(after(anEntry(2, answer(created, option)))).toMatchObject(expected);
  });

  it("reads silence and withdrawal of an approval as not approved, and of another question as no approval", () => {
    const choice = aCreated(["Red", "Blue"]);
    const ends = [expiry(choice, now), cancellation(choice, "cancel.1", now, "why")];
    for (const end of ends) {
      expect(after(anEntry(2, end))?.approved).toBe(false);
      expect(viewOf(fold([anEntry(1, choice), anEntry(2, end)]))?.approved).toBeNull();
    }
  });

  it("is delivered with any copy, undelivered when every recipient failed, queued before", () => {
    expect(after()?.delivery).toBe("queued");
    expect(after(anEntry(2, undelivered))).toMatchObject({
      delivery: "undelivered",
      poll_after_seconds: 30,
    });
    const both = after(anEntry(2, undelivered), anEntry(3, delivered("5")));
    expect(both).toMatchObject({ delivery: "delivered", poll_after_seconds: 5 });
  });

  it("in the inbox is delivered from the start; beside a channel where it failed, once a person has opened it", () => {
    const inInbox = { ...webInbox, responders: ["web:owner"] };
    const ofBoth = aQuestion({ recipients: [oneRecipient, inInbox] });
    const deliveryOf = (...events: readonly RequestEvent[]) =>
      viewOf(fold(entriesOf(ofBoth, ...events)))?.delivery;
    expect(viewOf(fold(entriesOf(aQuestion({ recipients: [inInbox] }))))?.delivery).toBe("delivered");
    expect(deliveryOf()).toBe("delivered");
    expect(viewOf(fold(entriesOf(ofBoth, aFailedDelivery(ofBoth))))).toMatchObject({
      delivery: "undelivered",
      delivery_reason: "blocked",
    });
    expect(deliveryOf(aFailedDelivery(ofBoth), anOpening(ofBoth))).toBe("delivered");
  });

  it("says why an undelivered question reached no one, and nothing of the kind otherwise", () => {
    const failed = anEntry(2, undelivered);
    expect(after(failed)?.delivery_reason).toBe("blocked");
    expect(after(failed, anEntry(3, expiry(created, now)))?.delivery_reason).toBe("blocked");
    expect(after(failed, anEntry(3, delivered("5")))).not.toHaveProperty("delivery_reason");
    expect(after()).not.toHaveProperty("delivery_reason");
  });

  it.each([
    [["blocked", "removed_from_chat"], "blocked, removed_from_chat"],
    [["topic_gone", "topic_gone"], "topic_gone"],
    [["topic_gone"], undefined],
  ])("names the reasons %j of two recipients as %j", (reasons, expected) => {
    const endpoints = ["telegram_42_7", "telegram_42_-8"];
    const both = aQuestion({ recipients: endpoints.map((one) => ({ ...oneRecipient, endpoint: one })) });
    const failures = reasons.map((reason, n) =>
      undeliveredEvent(both, { endpoint: endpoints[n] ?? "", reason }),
    );
    expect(viewOf(fold(entriesOf(both, ...failures)))?.delivery_reason).toBe(expected);
  });

  it("lists every recorded copy, and carries what other services need", () => {
    const set = fold([anEntry(1, created), anEntry(3, delivered("5"))]);
    expect(copiesOf(set)).toEqual([{ endpoint, copy: "5" }]);
    const { prompt, recipients } = created.data;
    expect(requestDetailsOf(set)).toMatchObject({ fingerprint: "f", options: prompt.options, recipients });
  });
});

describe("an attempt to answer", () => {
  const created = aCreated();
  it.each<[string, Partial<Attempt>, string]>([
    ["another chat", { endpoint: "telegram_42_8" }, "not_a_recipient"],
    ["a stranger", { responder: "telegram:8" }, "not_a_responder"],
    ["an option out of range", { choice: { option: 3 } }, "unknown_option"],
    ["a negative option", { choice: { option: -1 } }, "unknown_option"],
    ["typed text on buttons", { choice: { text: "Approve" } }, "buttons_only"],
  ])("from or with %s is refused", (_, changes, reason) => {
    expect(decideAnswer(setOf(created), anAttempt(changes), now)).toEqual({ kind: "rejected", reason });
  });

  it("after the end may only expire the request", () => {
    const result = decideAnswer(setOf(created), anAttempt({ storedAt: created.data.expires_at }), now);
    expect(result).toEqual({ kind: "too_late" });
  });

  it("has a second after the end to be handled, until silence decides", () => {
    expect(expiryDueAt(created).getTime() - Date.parse(created.data.expires_at)).toBe(1_000);
  });

  it("that was stored in time counts, however late it is handled", () => {
    const late = new Date(Date.parse(created.data.expires_at) + 60_000);
    expect(decideAnswer(setOf(created), anAttempt(), late)).toMatchObject({ kind: "decide" });
  });

  it("has the same decision id again after a redelivery, and another for another attempt", () => {
    const id = (changes: Partial<Attempt>, at = now) => {
      const result = decideAnswer(setOf(created), anAttempt(changes), at);
      return result.kind === "decide" ? result.event.id : undefined;
    };
    expect(id({}, new Date(start + 90_000))).toBe(id({}));
    expect(id({ key: "tg42.2" })).not.toBe(id({}));
  });

  it("records by which principal a person answered, who it was and how they had signed in", () => {
    const inBrowser = { person: "p_1", auth: "link", channel: "web" };
    expect(decideAnswer(setOf(created), anAttempt(inBrowser), now)).toMatchObject({
      event: { data: { by: { type: "human", id: "telegram:7", name: "Alice", ...inBrowser } } },
    });
  });

  it("of two persons by the principal of their group are two answers", () => {
    const by = (person: string) => {
      const result = decideAnswer(setOf(created), anAttempt({ person }), now);
      if (result.kind !== "decide") throw new Error(result.kind);
      return result.event;
    };
    expect(isSameAnswer(by("p_1"), by("p_1"))).toBe(true);
    expect(isSameAnswer(by("p_2"), by("p_1"))).toBe(false);
  });

  describe("with a comment", () => {
    const decidedBy = (changes: Partial<Attempt>) => {
      const result = decideAnswer(setOf(created), anAttempt(changes), now);
      if (result.kind !== "decide") throw new Error(result.kind);
      return result.event;
    };

    it.each([
      [0, "approve"],
      [1, "deny"],
      [2, "neutral"],
    ] as const)("decides by the option alone, and the view has the comment: %i", (option, effect) => {
      const event = decidedBy({ choice: { option }, comment: "yes, approve it" });
      expect(event.data).toMatchObject({ answer: { effect, comment: "yes, approve it" } });
      expect(viewOf(fold([anEntry(1, created), anEntry(2, event)]))).toMatchObject({
        approved: { approve: true, deny: false, neutral: null }[effect],
        comment: "yes, approve it",
      });
    });

    it.each([undefined, "", " \n\t"])("of %j has none", (comment) => {
      const event = decidedBy({ comment });
      expect(viewOf(fold([anEntry(1, created), anEntry(2, event)]))).not.toHaveProperty("comment");
    });

    it("that was recorded is the same answer again, also without the comment", () => {
      const [plain, first] = [decidedBy({}), decidedBy({ comment: "a" })];
      expect(isSameAnswer(decidedBy({ comment: "a", key: "tg42.2" }), first)).toBe(true);
      expect(isSameAnswer(plain, first)).toBe(true);
      expect(isSameAnswer(first, plain)).toBe(false);
      expect(isSameAnswer(decidedBy({ comment: "b" }), first)).toBe(false);
      expect(
        isSameAnswer(decidedBy({ comment: "a", responder: "telegram:7", choice: { option: 1 } }), first),
      ).toBe(false);
    });
  });

  it("with text answers a question without buttons, unless it is blank", () => {
    const input = aCreated([]);
    expect(decideAnswer(setOf(input), anAttempt({ choice: { text: "ship it" } }), now)).toMatchObject({
      event: { data: { answer: { type: "text", text: "ship it" } } },
    });
    expect(decideAnswer(setOf(input), anAttempt({ choice: { text: " \n" } }), now)).toMatchObject({
      reason: "empty",
    });
    expect(decideAnswer(setOf(input), anAttempt({ choice: { option: 0 } }), now)).toMatchObject({
      reason: "text_only",
    });
  });
});
