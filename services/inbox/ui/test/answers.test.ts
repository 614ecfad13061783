import type { RequestResource } from "@loopgate/contracts/v1/request";
import { describe, expect, it } from "vitest";
import { Answers } from "../answers.ts";
import { type AnswerBody, Api } from "../api.ts";
import { approved, aRequest } from "./request.ts";

interface Sent {
  readonly id: string;
  readonly answer: AnswerBody;
  readonly key: string | null;
}

/** What the server replies; undefined if the network fails. */
type Served = (() => Response) | undefined;

/** A tab: what it stores, what it sends, and what it hears in reply. The last reply is repeated. */
function aTab(replies: readonly Served[], stored: Map<string, string> = new Map()) {
  const sent: Sent[] = [];
  const heard: RequestResource[] = [];
  const waits: number[] = [];
  let keys = 0;
  const api = new Api({
    fetch: async (path, init) => {
      const sending = new Request(typeof path === "string" ? `http://127.0.0.1${path}` : path, init);
      const [, id = ""] = /requests\/([^/]+)/.exec(sending.url) ?? [];
      sent.push({ id, answer: await sending.json(), key: sending.headers.get("idempotency-key") });
      const reply = replies[Math.min(sent.length, replies.length) - 1];
      if (reply === undefined) throw new TypeError("Failed to fetch");
      return reply();
    },
    pageKey: () => "page-key",
    onSignedOut: () => undefined,
  });
  const answers = new Answers({
    api,
    storage: {
      getItem: (name) => stored.get(name) ?? null,
      setItem: (name, value) => void stored.set(name, value),
      removeItem: (name) => void stored.delete(name),
    },
    onRequest: (request) => heard.push(request),
    newKey: () => `key-${(keys += 1)}`,
    now: () => 1_500,
    sleep: async (ms) => {
      waits.push(ms);
      if (waits.length > 6) await new Promise(() => undefined);
    },
  });
  return { answers, sent, heard, waits, stored, appear: (request: RequestResource) => answers.show(request) };
}

const ok = (request: RequestResource) => () => Response.json(approved(request));
const problem = (status: number, code: string, request?: RequestResource) => () =>
  Response.json({ status, code, detail: `because ${code}`, request }, { status });
const offline = undefined;
const long = Array.from({ length: 412 }, (_, index) => String(index)).join("\n");

it("one press sends the option with the comment and the tag of the question", async () => {
  const request = aRequest();
  const { answers, sent, heard, appear } = aTab([ok(request)]);
  await appear(request);
  answers.edit(request.request_id, { comment: "after six" });
  await answers.choose(request, "Approve");
  expect(sent).toEqual([
    {
      id: request.request_id,
      answer: { option: "Approve", comment: "after six", tag: "tag-1" },
      key: "key-1",
    },
  ]);
  expect(answers.progressOf(request.request_id)).toEqual({ kind: "recorded" });
  expect(heard).toEqual([approved(request)]);
});

it("a typed answer is sent as text, and an empty one is not", async () => {
  const request = aRequest({ options: [] });
  const { answers, sent, appear } = aTab([ok(request)]);
  await appear(request);
  answers.edit(request.request_id, { text: "  " });
  await answers.submit(request);
  expect(sent).toEqual([]);
  answers.edit(request.request_id, { text: "Two sentences." });
  await answers.submit(request);
  expect(sent.map(({ answer }) => answer)).toEqual([{ text: "Two sentences.", tag: "tag-1" }]);
});

it("a press just after the request appeared does nothing", async () => {
  const request = aRequest();
  const { answers, sent, waits } = aTab([ok(request)]);
  await answers.choose(request, "Approve");
  const shown = answers.show(request);
  expect(answers.isInert(request.request_id)).toBe(true);
  await Promise.all([answers.choose(request, "Approve"), answers.submit(request), shown]);
  expect(waits).toEqual([500]);
  expect(answers.isInert(request.request_id)).toBe(false);
  expect(sent).toEqual([]);
});

it("a selected option is not sent by itself", async () => {
  const request = aRequest();
  const { answers, sent, appear } = aTab([ok(request)]);
  await appear(request);
  answers.edit(request.request_id, { option: "Deny" });
  expect(sent).toEqual([]);
  await answers.submit(request);
  expect(sent[0]?.answer.option).toBe("Deny");
});

describe.each([
  ["of the message", { message: long }],
  ["of the action's arguments", { action: { tool: "Bash", arguments: { command: long } } }],
])("with lines %s folded", (_, given) => {
  const request = aRequest(given);

  it("an approval asks once, and is sent when it is confirmed", async () => {
    const { answers, sent, appear } = aTab([ok(request)]);
    await appear(request);
    await answers.choose(request, "Approve");
    expect(answers.progressOf(request.request_id)).toEqual({ kind: "asking" });
    expect(answers.hiddenRows(request)).toBe(372);
    expect(sent).toEqual([]);
    await answers.submit(request);
    expect(sent).toHaveLength(1);
  });

  it("the second press of a double click does not confirm", async () => {
    const { answers, sent, appear } = aTab([ok(request)]);
    await appear(request);
    const first = answers.choose(request, "Approve");
    await answers.submit(request);
    await first;
    expect(sent).toEqual([]);
    expect(answers.progressOf(request.request_id)).toEqual({ kind: "asking" });
  });

  it("a denial never asks", async () => {
    const { answers, sent, appear } = aTab([ok(request)]);
    await appear(request);
    await answers.choose(request, "Deny");
    expect(sent).toHaveLength(1);
  });

  it("showing them takes the question back, and then nothing asks", async () => {
    const { answers, sent, appear } = aTab([ok(request)]);
    await appear(request);
    await answers.choose(request, "Approve");
    answers.unfold(request.request_id);
    expect(answers.progressOf(request.request_id)).toEqual({ kind: "open" });
    expect(answers.hiddenRows(request)).toBe(0);
    await answers.choose(request, "Approve");
    expect(sent).toHaveLength(1);
  });
});

describe("if the server does not answer", () => {
  it("the answer is repeated with the same key until it is recorded", async () => {
    const request = aRequest();
    const replies = [offline, problem(503, "unavailable"), ok(request)];
    const { answers, sent, waits, appear } = aTab(replies);
    await appear(request);
    await answers.choose(request, "Approve");
    expect(sent.map(({ key }) => key)).toEqual(["key-1", "key-1", "key-1"]);
    expect(waits).toEqual([500, 1_000, 2_000]);
    expect(answers.progressOf(request.request_id)).toEqual({ kind: "recorded" });
  });

  it("that is said, nothing else can be pressed, and other requests are not blocked", async () => {
    const [stuck, other] = [aRequest(), aRequest()];
    const { answers, sent, appear } = aTab([offline]);
    await appear(stuck);
    await appear(other);
    void answers.choose(stuck, "Approve");
    await expect.poll(() => answers.progressOf(stuck.request_id).kind).toBe("unsaved");
    await answers.choose(stuck, "Deny");
    answers.edit(stuck.request_id, { option: "Deny" });
    void answers.choose(other, "Deny");
    await expect.poll(() => sent.some(({ id }) => id === other.request_id)).toBe(true);
    const ofStuck = sent.filter(({ id }) => id === stuck.request_id);
    expect(new Set(ofStuck.map(({ answer }) => answer.option))).toEqual(new Set(["Approve"]));
  });

  it("a reload goes on with the same answer and the same key", async () => {
    const request = aRequest();
    const before = aTab([offline]);
    await before.appear(request);
    void before.answers.choose(request, "Approve");
    await expect.poll(() => before.sent.length).toBeGreaterThan(0);
    const after = aTab([ok(request)], before.stored);
    await after.answers.show(request);
    await expect.poll(() => after.heard).toHaveLength(1);
    expect(after.sent).toEqual([before.sent[0]]);
    expect(after.stored.size).toBe(0);
  });
});

it("a draft survives a reload, and is sent only by a press", async () => {
  const request = aRequest();
  const before = aTab([]);
  await before.appear(request);
  before.answers.edit(request.request_id, { comment: "half a sen" });
  const after = aTab([], before.stored);
  await after.appear(request);
  expect(after.answers.draftOf(request.request_id)).toEqual({ comment: "half a sen" });
  expect(after.sent).toEqual([]);
});

it("a late press is told so, with the winner", async () => {
  const request = aRequest();
  const { answers, heard, appear } = aTab([problem(409, "already_decided", approved(request))]);
  await appear(request);
  await answers.choose(request, "Deny");
  expect(answers.progressOf(request.request_id)).toEqual({ kind: "late", pressedAt: 1_500 });
  expect(heard).toEqual([approved(request)]);
});

describe("a refused answer", () => {
  it("says why, keeps what was typed, and is another answer when it is sent again", async () => {
    const request = aRequest();
    const { answers, sent, appear } = aTab([problem(403, "not_a_responder"), ok(request)]);
    await appear(request);
    answers.edit(request.request_id, { comment: "why" });
    await answers.choose(request, "Approve");
    expect(answers.progressOf(request.request_id)).toEqual({
      kind: "refused",
      why: "because not_a_responder",
    });
    await answers.choose(request, "Approve");
    expect(sent.map(({ key, answer }) => [key, answer.comment])).toEqual([
      ["key-1", "why"],
      ["key-2", "why"],
    ]);
  });

  it("waits for the sign-in if the session has ended", async () => {
    const request = aRequest();
    const { answers, stored, appear } = aTab([problem(401, "sign_in_required")]);
    await appear(request);
    await answers.choose(request, "Approve");
    expect(answers.progressOf(request.request_id)).toEqual({ kind: "open" });
    expect([...stored.values()]).toEqual(['{"option":"Approve"}']);
  });
});
