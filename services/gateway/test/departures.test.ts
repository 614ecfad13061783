import { describe, expect, it } from "vitest";
import { ask, check, decide, pendingId } from "./support/requests.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { call } from "./support/wire.ts";

const question = { message: "Deploy?", client_id: "deployer", wait_seconds: 50 };

/** A call that leaves while it waits, before it hears the id. Resolves with the id of its question. */
async function leaveWaiting(g: TestGateway, args: object = question): Promise<string> {
  const caller = new AbortController();
  const waiting = ask(g, { ...args }, caller.signal);
  const request_id = await pendingId(g);
  caller.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  await expect.poll(() => departed(g)).toBe(true);
  return request_id;
}

/** True once the gateway has noticed that a caller left. */
const departed = async (g: TestGateway): Promise<boolean> =>
  g.bus.database.read((db) => Number(db.prepare(COUNT).get()?.["count"]) > 0);

const COUNT = "SELECT count(*) AS count FROM key_values WHERE bucket = 'departures'";

const openQuestions = async (g: TestGateway): Promise<number> =>
  (await call(g.url, "list_pending_requests", {})).result.structuredContent.count;

describe("a waiting call whose caller left before it heard the id", () => {
  it("is joined by the same submission, which returns the answer", async () => {
    await using g = await startGateway();
    const request_id = await leaveWaiting(g);
    const again = ask(g, question);
    await expect.poll(() => departed(g)).toBe(false);
    await decide(g, request_id);
    expect(await again).toMatchObject({ request_id, status: "cancelled" });
  });

  it("is joined by the second retry, too, if the first one left as well", async () => {
    await using g = await startGateway();
    const request_id = await leaveWaiting(g);
    expect(await leaveWaiting(g)).toBe(request_id);
    const last = ask(g, question);
    await expect.poll(() => departed(g)).toBe(false);
    await decide(g, request_id);
    expect(await last).toMatchObject({ request_id });
  });

  it("is joined by one of two that still listen; the other is a question of its own", async () => {
    await using g = await startGateway();
    await leaveWaiting(g);
    const both = [ask(g, question), ask(g, question)];
    await expect.poll(() => openQuestions(g)).toBe(2);
    const ids = (await call(g.url, "list_pending_requests", {})).result.structuredContent.requests;
    for (const { request_id } of ids) await decide(g, request_id);
    expect(new Set((await Promise.all(both)).map(({ request_id }) => request_id)).size).toBe(2);
  });

  it.each([
    ["another text", { message: "Delete?" }],
    ["another client", { client_id: "other" }],
    ["another session", { session_id: "other" }],
    ["other options", { options: ["a", "b"] }],
  ])("is not joined by a submission with %s", async (_, changes) => {
    await using g = await startGateway();
    await leaveWaiting(g);
    const other = ask(g, { ...question, ...changes });
    await expect.poll(() => openQuestions(g)).toBe(2);
    const { requests } = (await call(g.url, "list_pending_requests", {})).result.structuredContent;
    for (const { request_id } of requests) await decide(g, request_id);
    await other;
  });

  it("is asked anew if it was decided while no call waited", async () => {
    await using g = await startGateway();
    const request_id = await leaveWaiting(g);
    await decide(g, request_id);
    const again = ask(g, question);
    const fresh = await pendingId(g);
    expect(fresh).not.toBe(request_id);
    await decide(g, fresh);
    expect(await again).toMatchObject({ request_id: fresh });
  });

  it("leaves nothing behind if its answer came first", async () => {
    await using g = await startGateway();
    const waiting = ask(g, question);
    await decide(g, await pendingId(g));
    await waiting;
    expect(await departed(g)).toBe(false);
  });
});

it("a call that does not wait is a question of its own", async () => {
  await using g = await startGateway();
  const request_id = await leaveWaiting(g);
  const next = await ask(g, { ...question, wait_seconds: 0 });
  expect(next.request_id).not.toBe(request_id);
  expect(await check(g, request_id)).toMatchObject({ status: "pending" });
});
