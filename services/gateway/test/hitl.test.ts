import { refOf } from "@loopgate/contracts";
import { expiry } from "@loopgate/domain";
import { aCancellation, aDecision } from "@loopgate/testing/builders";
import { describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { get, post, view } from "./support/wire.ts";

const hitl = (g: TestGateway, path: string, body: unknown) => post(`${g.url}/hitl/${path}`, body);
const poll = (g: TestGateway, id: string) => get(`${g.url}/hitl/poll?request_id=${id}`);
const question = { session_id: "s", client_id: "c", message: "m" };

async function ask(g: TestGateway, more: Record<string, unknown> = {}): Promise<string> {
  const { body } = await hitl(g, "request", { ...question, ...more });
  return body.request_id;
}

async function createdOf(g: TestGateway, id: string) {
  const created = await g.requests.created({ tenant: "default", id });
  if (created === undefined) throw new Error("the log does not hold the question");
  return created;
}

/** Decides as the notifier does for a person's answer. */
async function answer(g: TestGateway, id: string, choice: { option: number } | { text: string }) {
  const created = await createdOf(g, id);
  const decision = aDecision(created.event, { ...choice, name: "Ann" });
  await g.requests.decide(refOf(created.event), () => ({ decide: decision }));
}

describe("POST /hitl/request", () => {
  it("asks in an unregistered session, and answers in the original's format", async () => {
    await using g = await startGateway();
    const { status, body } = await hitl(g, "request", question);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: "pending",
      created_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
  });

  it("ignores an answer, status or id from the caller, and does not wait", async () => {
    await using g = await startGateway();
    const forged = { id: "x", status: "completed", approved: true, response: "yes", wait_seconds: 50 };
    const id = await ask(g, {
      ...forged,
      request_type: "",
      callback_url: "http://localhost",
      timeout_seconds: 0,
    });
    expect((await poll(g, id)).body).toEqual({
      status: "pending",
      approved: false,
      request_id: id,
      completed: false,
    });
  });

  it.each([
    ["{", 400, "invalid_arguments"],
    [[], 400, "invalid_arguments"],
    [{ ...question, session_id: "" }, 400, "invalid_arguments"],
    [{ session_id: "s", message: "m" }, 400, "invalid_arguments"],
    [{ session_id: "s", client_id: "c" }, 400, "invalid_arguments"],
    [{ ...question, request_type: "choice" }, 400, "invalid_arguments"],
  ])("refuses %j", async (body, status, code) => {
    await using g = await startGateway();
    const answer = await hitl(g, "request", body);
    expect([answer.status, answer.body]).toEqual([status, { error: { code, message: expect.any(String) } }]);
  });

  it("maps errors to HTTP statuses", async () => {
    await using g = await startGateway();
    await ask(g, { idempotency_key: "k" });
    const conflict = await hitl(g, "request", { ...question, message: "n", idempotency_key: "k" });
    expect([conflict.status, conflict.body.error.code]).toEqual([409, "idempotency_conflict"]);
    await using unroutable = await startGateway({ policy: { defaultChat: undefined } });
    const none = await hitl(unroutable, "request", question);
    expect([none.status, none.body.error.code]).toEqual([404, "no_recipient"]);
  });
});

describe("GET /hitl/poll", () => {
  it.each([
    [{ request_type: "confirmation" }, { option: 0 }, { approved: true, response: "Approve" }],
    [{ request_type: "confirmation" }, { option: 1 }, { approved: false, response: "Deny" }],
    [{ options: ["Blue"] }, { option: 0 }, { approved: false, response: "Blue" }],
    [{}, { text: "as you like" }, { approved: false, response: "as you like" }],
  ])("tells the answer to %j", async (question, choice, told) => {
    await using g = await startGateway();
    const id = await ask(g, question);
    await answer(g, id, choice);
    const { status, body } = await poll(g, id);
    expect(status).toBe(200);
    expect(body).toEqual({ status: "completed", ...told, request_id: id, completed: true });
  });

  it("reports expiry and cancellation", async () => {
    await using g = await startGateway();
    const [late, withdrawn] = [await ask(g), await ask(g)];
    const created = await createdOf(g, late);
    await g.requests.decide(refOf(created.event), () => ({ decide: expiry(created.event, new Date()) }));
    await hitl(g, "cancel", { request_id: withdrawn });
    const ended = { approved: false, completed: true };
    expect((await poll(g, late)).body).toEqual({ status: "timeout", request_id: late, ...ended });
    expect((await poll(g, withdrawn)).body).toEqual({ status: "canceled", request_id: withdrawn, ...ended });
  });

  it("distinguishes a missing id from an unknown one", async () => {
    await using g = await startGateway();
    const missing = await get(`${g.url}/hitl/poll`);
    expect([missing.status, missing.body.error.code]).toEqual([400, "invalid_arguments"]);
    for (const id of ["rubbish", "019ab3f0-7c00-7000-8000-000000000001"]) {
      const unknown = await poll(g, id);
      expect([unknown.status, unknown.body.error.code]).toEqual([404, "not_found"]);
    }
  });

  it("answers unavailable, not not_found, while state does not answer", async () => {
    await using g = await startGateway();
    const id = await ask(g);
    g.state.isReachable = false;
    expect((await poll(g, id)).body).toMatchObject({ status: "pending", request_id: id });
    const unknown = await poll(g, "019ab3f0-7c00-7000-8000-000000000001");
    expect([unknown.status, unknown.body.error.code]).toEqual([503, "unavailable"]);
  });
});

describe("GET /hitl/pending", () => {
  it("is an empty list when nothing is pending", async () => {
    await using g = await startGateway();
    expect((await get(`${g.url}/hitl/pending`)).body).toEqual({ pending_requests: [], count: 0 });
  });

  it("lists the oldest hundred, and more with the cursor", async () => {
    await using g = await startGateway();
    const more = { options: ["Yes", "No"], metadata: { ticket: 1 }, timeout_seconds: 60 };
    const first = await ask(g, more);
    for (let n = 0; n < 100; n++) await ask(g);
    const page = () => get(`${g.url}/hitl/pending`);
    await expect.poll(page).toMatchObject({ body: { count: 100, next_cursor: expect.any(String) } });
    const { body } = await page();
    expect(body.pending_requests[0]).toEqual({
      id: first,
      session_id: "s",
      client_id: "c",
      message: "m",
      request_type: "choice",
      options: ["Yes", "No"],
      timeout_seconds: 60,
      metadata: { ticket: 1 },
      status: "pending",
      approved: false,
      created_at: expect.any(String),
      expires_at: expect.any(String),
    });
    const rest = await get(`${g.url}/hitl/pending?cursor=${body.next_cursor}`);
    expect(rest.body.count).toBe(1);
    expect((await get(`${g.url}/hitl/pending?cursor=rubbish`)).status).toBe(400);
  });
});

describe("POST /hitl/cancel", () => {
  it("withdraws a question, and may be repeated", async () => {
    await using g = await startGateway();
    const request_id = await ask(g);
    const done = { success: true, message: "Request canceled successfully" };
    for (const reason of ["enough", undefined]) {
      const { status, body } = await hitl(g, "cancel", { request_id, reason });
      expect([status, body]).toEqual([200, done]);
    }
    expect(await view(g.url, "check_request_status", { request_id })).toMatchObject({ reason: "enough" });
  });

  it("fails after a decision, and for an unknown id", async () => {
    await using g = await startGateway();
    const request_id = await ask(g);
    await answer(g, request_id, { text: "done" });
    const late = await hitl(g, "cancel", { request_id });
    const message = "The request is already decided and can't be cancelled: its status shows how it ended.";
    expect([late.status, late.body]).toEqual([409, { error: { code: "already_decided", message } }]);
    const unknown = await hitl(g, "cancel", { request_id: "rubbish" });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, "not_found"]);
    const missing = await hitl(g, "cancel", {});
    expect([missing.status, missing.body.error.code]).toEqual([400, "invalid_arguments"]);
  });

  it("is unavailable while state does not answer", async () => {
    await using g = await startGateway();
    const request_id = await ask(g);
    g.state.isReachable = false;
    expect((await hitl(g, "cancel", { request_id })).status).toBe(503);
    expect((await get(`${g.url}/hitl/pending`)).status).toBe(503);
  });
});

it("shares requests and keys between both interfaces", async () => {
  await using g = await startGateway();
  const same = { ...question, idempotency_key: "k" };
  const { request_id } = await view(g.url, "request_human_input", same);
  expect(await ask(g, same)).toBe(request_id);
  const created = await createdOf(g, request_id);
  await g.requests.decide(refOf(created.event), () => ({ decide: aCancellation(created.event) }));
  expect((await hitl(g, "request", same)).body).toMatchObject({ request_id, status: "canceled" });
});
