import { refOf } from "@loopgate/contracts";
import type { InboxPage } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { profileOf, startInbox, type TestInbox } from "./support/inbox.ts";

let inbox: TestInbox;
let alice: InboxPage;
let bob: InboxPage;
beforeAll(async () => {
  inbox = await startInbox();
  alice = await inbox.signIn("alice", "deployers");
  bob = await inbox.signIn("bob");
});
afterAll(() => inbox[Symbol.asyncDispose]());

const decisionOf = (id: string) => `POST /v1/requests/${id}/decision`;
const ALICE = "web:alice@example.com";

it("tells who is signed in", async () => {
  const { body } = await alice.call("GET /v1/me");
  expect(body).toEqual({
    id: expect.stringMatching(/^p_/),
    name: "alice",
    principals: [ALICE, "group:deployers"],
    groups: ["deployers"],
    roles: ["responder"],
    auth: "link",
  });
});

it("an answer is the decision, with its comment and who gave it", async () => {
  const { id, tag } = await inbox.ask(["group:deployers"]);
  const shown = await alice.call(`GET /v1/requests/${id}`);
  expect(shown.body).toMatchObject({ tag, can_answer: true, status: "pending" });
  const answer = { option: "Deny", comment: "not on a Friday", tag };
  expect(await alice.call(decisionOf(id), answer)).toMatchObject({
    status: 200,
    body: {
      status: "decided",
      outcome: "denied",
      comment: "not on a Friday",
      can_answer: false,
      decided_by: { type: "human", id: "group:deployers", name: "alice", channel: "web", auth: "link" },
    },
  });
});

it("a typed answer decides a question without options", async () => {
  const { id, tag } = await inbox.ask([ALICE], { options: [] });
  expect(await alice.call(decisionOf(id), { text: "eu-west", tag })).toMatchObject({
    status: 200,
    body: { outcome: "answered", response: "eu-west" },
  });
});

describe("of two answers", () => {
  it("the second is told who was first, and when", async () => {
    const { id, tag } = await inbox.ask([ALICE, "web:bob@example.com"]);
    await alice.call(decisionOf(id), { option: "Deny", tag });
    const late = await bob.call(decisionOf(id), { option: "Approve", tag });
    expect(late).toMatchObject({
      status: 409,
      body: { code: "already_decided", request: { outcome: "denied", decided_by: { name: "alice" } } },
    });
    expect(late.body["detail"]).toMatch(/^alice denied this at \S+Z, by web: your answer changed nothing\.$/);
  });

  it("the same one again succeeds: a retry after a lost reply, with or without its key", async () => {
    const { id, tag } = await inbox.ask([ALICE]);
    const answers = [{ "idempotency-key": "1" }, { "idempotency-key": "1" }, {}];
    for (const headers of answers)
      expect((await alice.call(decisionOf(id), { option: "Approve", tag }, headers)).status).toBe(200);
  });

  it("one wins when they come at once", async () => {
    const { id, tag } = await inbox.ask([ALICE, "web:bob@example.com"]);
    const replies = await Promise.all([
      ...Array.from({ length: 5 }, () => alice.call(decisionOf(id), { option: "Approve", tag })),
      ...Array.from({ length: 5 }, () => bob.call(decisionOf(id), { option: "Deny", tag })),
    ]);
    const accepted = replies.filter(({ status }) => status === 200);
    expect(accepted).toHaveLength(5);
    expect(new Set(accepted.map(({ body }) => body["outcome"])).size).toBe(1);
  });
});

it.each([
  ["an unknown option", { option: "Maybe" }, 422, "unknown_option"],
  ["a text in place of an option", { text: "yes" }, 422, "buttons_only"],
  ["neither option nor text", {}, 400, "invalid_arguments"],
  ["both option and text", { option: "Approve", text: "yes" }, 400, "invalid_arguments"],
  ["a comment that is too long", { option: "Approve", comment: "x".repeat(2_001) }, 400, "invalid_arguments"],
  ["the tag of another question", { option: "Approve", tag: "AAAAAA" }, 409, "changed"],
])("an answer with %s is refused, and the request stays open", async (_, answer, status, code) => {
  const { id, tag, created } = await inbox.ask([ALICE]);
  expect(await alice.call(decisionOf(id), { tag, ...answer })).toMatchObject({ status, body: { code } });
  expect(await inbox.requests.decision(refOf(created))).toBeUndefined();
});

it("a blank text is refused where a text is asked for", async () => {
  const { id, tag } = await inbox.ask([ALICE], { options: [] });
  expect(await alice.call(decisionOf(id), { text: " ", tag })).toMatchObject({ body: { code: "empty" } });
  expect(await alice.call(decisionOf(id), { option: "a", tag })).toMatchObject({
    body: { code: "text_only" },
  });
});

it("an answer after the end expires the request, and is told so", async () => {
  const { id, tag } = await inbox.ask([ALICE], { at: new Date(Date.now() - 2_000), timeoutMs: 1_500 });
  expect(await alice.call(decisionOf(id), { option: "Approve", tag })).toMatchObject({
    status: 409,
    body: { code: "already_decided", request: { status: "expired", approved: false } },
  });
});

describe("opening a request", () => {
  const openings = async (created: Parameters<typeof refOf>[0]) =>
    Object.values(await inbox.requests.read(refOf(created))).flatMap(({ event }) =>
      event.type === "loopgate.request.seen.v1" ? [event.data] : [],
    );

  it("is recorded once for each person whom it asks", async () => {
    const { id, created } = await inbox.ask([ALICE, "web:bob@example.com"]);
    for (const page of [alice, alice, bob])
      expect((await page.call(`PUT /v1/requests/${id}/seen`)).status).toBe(204);
    expect(await openings(created)).toEqual([
      expect.objectContaining({ name: "alice", channel: "web" }),
      expect.objectContaining({ name: "bob", channel: "web" }),
    ]);
  });

  it("is not recorded of a person who only may read it, nor after the decision", async () => {
    const auditor = await inbox.signIn("carol");
    await inbox.people.admit({ ...profileOf("carol"), roles: ["auditor"] }, new Date());
    const { id, tag, created } = await inbox.ask([ALICE]);
    expect((await auditor.call(`PUT /v1/requests/${id}/seen`)).status).toBe(204);
    await alice.call(decisionOf(id), { option: "Approve", tag });
    expect((await alice.call(`PUT /v1/requests/${id}/seen`)).status).toBe(204);
    expect(await openings(created)).toEqual([]);
  });
});

it("an auditor reads everything, and answers nothing that asks others", async () => {
  const auditor = await inbox.signIn("dave");
  await inbox.people.admit({ ...profileOf("dave"), roles: ["auditor", "admin"] }, new Date());
  const { id, tag } = await inbox.ask([ALICE]);
  expect(await auditor.call(`GET /v1/requests/${id}`)).toMatchObject({
    status: 200,
    body: { can_answer: false },
  });
  expect(await auditor.call(decisionOf(id), { option: "Approve", tag })).toMatchObject({
    status: 403,
    body: { code: "not_a_responder" },
  });
});

it("a person whom the question names but the settings name no more is refused", async () => {
  const { id, tag } = await inbox.ask(["group:former"]);
  const page = await inbox.signIn("fay", "former");
  expect(await page.call(decisionOf(id), { option: "Approve", tag })).toMatchObject({
    status: 403,
    body: { code: "not_a_responder" },
  });
});

it("while state is away, a question that the log holds is answered", async () => {
  const { id, tag } = await inbox.ask([ALICE]);
  inbox.state.isReachable = false;
  try {
    expect((await alice.call(decisionOf(id), { option: "Approve", tag })).status).toBe(200);
    const unknown = `GET /v1/requests/${id.replace(/^.{8}/, "019ab3f0")}`;
    expect(await alice.call(unknown)).toMatchObject({ status: 503, body: { code: "unavailable" } });
  } finally {
    inbox.state.isReachable = true;
  }
});
