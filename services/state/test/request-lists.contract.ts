import type { CreatedEvent, DecidedEvent, ParsedEntry, RequestView } from "@loopgate/contracts";
import { createdOf, expiry, fold, type RequestSet, viewOf } from "@loopgate/domain";
import { aCancellation, aDecision, aQuestion, entriesFrom, entriesOf } from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ListFilter, ListPage, ListPosition, RequestStore } from "../src/index.ts";

const statuses = ["pending", "decided", "expired", "cancelled"] as const;
const people = ["web:alice", "web:bob", "group:ops", "telegram:7"];
const words = ["alpha", "bravo", "charlie"];
const answers = ["delta", "echo"];
const sessions = ["s-one", "s-two"];
const clients = ["c-one", "c-two"];
const at = (second: number) => new Date(1_800_000_000_000 + second * 1_000);

const aLife = fc.record({
  second: fc.nat(9),
  session: fc.constantFrom(...sessions),
  client: fc.constantFrom(...clients),
  responders: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1, maxLength: 3 }),
  channel: fc.constantFrom("web", "telegram"),
  message: fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 2 }),
  end: fc.constantFrom("open", "approved", "denied", "typed", "expired", "cancelled", "approved by a person"),
  answer: fc.constantFrom(...answers),
});
type Life = typeof aLife extends fc.Arbitrary<infer Value> ? Value : never;

function questionOf({ second, session, client, responders, channel, message, end }: Life): CreatedEvent {
  // Two recipients that share a responder.
  const recipients = [
    { channel, endpoint: "one", responders },
    { channel: "telegram", endpoint: "other", responders: responders.slice(0, 1) },
  ];
  const options = end === "typed" ? [] : ["Approve", "Deny"];
  return aQuestion({ at: at(second), session, client, message: message.join(" "), recipients, options });
}

function decisionOf(created: CreatedEvent, { end, answer }: Life): DecidedEvent | undefined {
  switch (end) {
    case "open":
      return undefined;
    case "approved":
      return aDecision(created, { comment: answer });
    case "approved by a person": {
      const decided = aDecision(created, { comment: answer });
      return { ...decided, data: { ...decided.data, by: { ...decided.data.by, person: "p_1" } } };
    }
    case "denied":
      return aDecision(created, { option: 1 });
    case "typed":
      return aDecision(created, { text: answer });
    case "expired":
      return expiry(created, new Date(created.data.expires_at));
    case "cancelled":
      return aCancellation(created, answer);
  }
}

type Filter = Omit<ListFilter, "tenant">;

const everyFilter: fc.Arbitrary<Required<Omit<Filter, "statuses">>> = fc.record({
  sessionId: fc.constantFrom(...sessions),
  clientId: fc.constantFrom(...clients),
  principals: fc.uniqueArray(fc.constantFrom(...people, "web:not-asked"), { minLength: 1 }),
  outcome: fc.constantFrom("approved", "denied", "answered"),
  channel: fc.constantFrom("web", "telegram"),
  decidedBy: fc.constantFrom(...people, "p_1"),
  createdAfter: fc.nat(9).map((second) => at(second).toISOString()),
  createdBefore: fc.nat(9).map((second) => at(second).toISOString()),
  words: fc.uniqueArray(fc.constantFrom(...words, ...answers), { minLength: 1, maxLength: 2 }),
});
const names = [
  "sessionId",
  "clientId",
  "principals",
  "outcome",
  "channel",
  "decidedBy",
  "createdAfter",
  "createdBefore",
  "words",
] as const;

/** At most three members: most combinations of more find nothing. */
const aFilter: fc.Arbitrary<Filter> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...statuses), { minLength: 1 }),
    fc.subarray([...names], { maxLength: 3 }),
    everyFilter,
  )
  .map(([some, chosen, every]) => ({
    statuses: some,
    ...Object.fromEntries(chosen.map((name) => [name, every[name]])),
  }));

/** What the filter means, said once more over the views. */
function matches(set: RequestSet, filter: Filter): boolean {
  const [view, created] = [viewOf(set), createdOf(set)?.event.data];
  if (view === undefined || created === undefined) return false;
  const responders = created.recipients.flatMap((recipient) => recipient.responders);
  const by = view.decided_by;
  const { createdAfter = "", createdBefore = "~" } = filter;
  return (
    filter.statuses.includes(view.status) &&
    isAbsentOr(filter.sessionId, view.session_id) &&
    isAbsentOr(filter.clientId, view.client_id) &&
    (filter.principals?.some((principal) => responders.includes(principal)) ?? true) &&
    isAbsentOr(filter.outcome, view.outcome) &&
    isAbsentOr(filter.channel, by?.channel) &&
    (filter.decidedBy === undefined || [by?.id, by?.person].includes(filter.decidedBy)) &&
    createdAfter <= view.created_at &&
    view.created_at < createdBefore &&
    (filter.words?.every((word) => wordsOf(view).includes(word)) ?? true)
  );
}

const isAbsentOr = (wanted: string | undefined, given: string | undefined): boolean =>
  wanted === undefined || wanted === given;

const wordsOf = ({ message, response, comment, reason }: RequestView): readonly string[] =>
  [message, response, comment, reason].flatMap((text) => text?.split(" ") ?? []);

/** What {@link RequestStore.list} and {@link RequestStore.count} promise of their filters. */
export function requestListsContract(storeOf: () => RequestStore): void {
  const idsOf = async (filter: Filter, page: Partial<ListPage> = {}) => {
    const whole = { tenant: "default", ...filter };
    const found = await storeOf().list({ filter: whole, order: "asc", limit: 100, ...page });
    return found.map((set) => createdOf(set)?.event.subject ?? "");
  };

  it("finds what each filter asks for, page by page in both orders, and counts the same", async () => {
    const lives = fc.sample(aLife, 60);
    const entries = lives.map((life): ParsedEntry[] => {
      const created = questionOf(life);
      const decided = decisionOf(created, life);
      return entriesOf(...(decided === undefined ? [created] : [created, decided]));
    });
    await storeOf().merge(entries.flatMap(([created]) => created ?? []));
    await storeOf().merge(entries.flatMap(([, decided]) => decided ?? []));
    const sets = entries.map((own) => fold(own));
    const places = sets.map((set) => ({ set, place: placeOf(set) }));
    await fc.assert(
      fc.asyncProperty(
        aFilter,
        fc.constantFrom("asc", "desc"),
        fc.integer({ min: 2, max: 9 }),
        async (filter, order, limit) => {
          const direction = order === "asc" ? 1 : -1;
          const expected = places
            .filter(({ set }) => matches(set, filter))
            .map(({ place }) => place)
            .sort((a, b) => direction * (keyOf(a) < keyOf(b) ? -1 : 1))
            .map(({ id }) => id);
          const found: string[] = [];
          for (let after: ListPosition | undefined; ;) {
            const page = await idsOf(filter, { order, limit, after });
            found.push(...page);
            after = places.find(({ place }) => place.id === page.at(-1))?.place;
            if (page.length < limit) break;
          }
          expect(found).toEqual(expected);
          const whole = { tenant: "default", ...filter };
          expect(await storeOf().count(whole, 100)).toBe(expected.length);
          expect(await storeOf().count(whole, 2)).toBe(Math.min(expected.length, 2));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("leaves out what has only its decision so far", async () => {
    const created = aQuestion();
    await storeOf().merge(entriesOf(created, aDecision(created)).slice(1));
    expect(await idsOf({ statuses: [...statuses] })).toEqual([]);
    expect(await idsOf({ statuses: ["decided"], decidedBy: "telegram:7" })).toEqual([]);
    expect(await storeOf().count({ tenant: "default", statuses: ["decided"] }, 9)).toBe(0);
  });

  it("keeps tenants apart, by people and by words, too", async () => {
    const theirs = { ...aQuestion({ message: "alpha" }), tenant: "other" };
    await storeOf().merge(entriesOf(theirs));
    expect(await idsOf({ statuses: ["pending"], principals: ["telegram:7"] })).toEqual([]);
    expect(await idsOf({ statuses: ["pending"], words: ["alpha"] })).toEqual([]);
  });

  it("finds words whatever their case and characters, and takes none for an operator", async () => {
    const created = aQuestion({ message: 'Größe "XL" ändern? 100% (v2) NEAR-by a_b' });
    await storeOf().merge(entriesOf(created, aDecision(created, { comment: "Später, bitte" })));
    const found = (...given: readonly string[]) => idsOf({ statuses: ["decided"], words: given });
    for (const word of ["größe", "XL", "ändern", "100", "v2", "near", "später", "APPROVE", "größe ändern"]) {
      expect(await found(...word.split(" ")), word).toEqual([created.subject]);
    }
    for (const word of ["-größe", "größe*", '"', "text:größe", "%", "_", "größe\\", "AND", "{größe}"]) {
      await expect(found(word), word).resolves.toBeInstanceOf(Array);
    }
    expect(await found("größe", "missing")).toEqual([]);
    expect(await found("%%")).toEqual([]);
  });

  it("shows a question that is asked again by its new people and words, and not by the old decision", async () => {
    const first = aQuestion({ at: at(1), message: "alpha", recipients: [recipientFor("web:alice")] });
    const again = aQuestion({
      id: first.subject,
      at: at(2),
      message: "bravo",
      recipients: [recipientFor("web:bob")],
    });
    await storeOf().merge(entriesOf(first, aDecision(first)));
    await storeOf().merge(entriesFrom(10, again));

    const all = [...statuses];
    expect(await idsOf({ statuses: all, principals: ["web:alice"] })).toEqual([]);
    expect(await idsOf({ statuses: all, principals: ["web:bob"] })).toEqual([first.subject]);
    expect(await idsOf({ statuses: all, decidedBy: "web:alice" })).toEqual([]);
    expect(await idsOf({ statuses: all, outcome: "approved" })).toEqual([]);
    expect(await idsOf({ statuses: all, words: ["alpha"] })).toEqual([]);
    expect(await idsOf({ statuses: all, words: ["bravo"] })).toEqual([first.subject]);
  });
}

const recipientFor = (responder: string) => ({
  channel: "web",
  endpoint: "web_inbox",
  responders: [responder],
});

const keyOf = ({ createdAt, id }: ListPosition): string => `${createdAt} ${id}`;

function placeOf(set: RequestSet): ListPosition {
  const created = createdOf(set)?.event;
  return { createdAt: created?.time ?? "", id: created?.subject ?? "" };
}
