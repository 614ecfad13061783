import { describe, expect, it } from "vitest";
import type { EventLog } from "@loopgate/bus";
import { ask, check, decide, fail, pendingId } from "./support/requests.ts";
import { failingLog } from "@loopgate/testing/faults";
import { startGateway } from "./support/gateway.ts";
import { legacy, modern, refusal, send, waitFor } from "./support/wire.ts";

describe("a call that waits", () => {
  it("returns the decision as soon as it is committed, on any replica", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const waiting = await waitFor(g.url, request_id);
    await decide(g, request_id);
    expect(await waiting.result).toMatchObject({ status: "cancelled", reason: "enough" });
  });

  it("may be the call that asks the question", async () => {
    await using g = await startGateway();
    const waiting = ask(g, { wait_seconds: 50 });
    await decide(g, await pendingId(g));
    expect(await waiting).toMatchObject({ status: "cancelled" });
  });

  it("returns a decided request at once", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    await decide(g, request_id);
    expect(await check(g, request_id, 50)).toMatchObject({ status: "cancelled" });
  });

  it("returns the pending request after the maximum wait", async () => {
    await using g = await startGateway({ settings: { maxWaitSeconds: 1 } });
    const { request_id } = await ask(g);
    expect(await check(g, request_id, 3_600)).toMatchObject({ status: "pending" });
  });

  it("returns when delivery to the last recipient fails during the wait", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const waiting = await waitFor(g.url, request_id);
    await fail(g, request_id, "telegram_42_8");
    await fail(g, request_id, "telegram_42_7");
    const shown = { status: "pending", delivery: "undelivered", poll_after_seconds: 30 };
    expect(await waiting.result).toMatchObject(shown);
  });

  it("does not end because of earlier delivery failures", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    await fail(g, request_id, "telegram_42_7");
    const waiting = await waitFor(g.url, request_id);
    await fail(g, request_id, "telegram_42_8");
    await decide(g, request_id);
    expect(await waiting.result).toMatchObject({ status: "cancelled" });
  });

  it("ends with its connection, and the question stays open", async () => {
    await using g = await startGateway();
    const caller = new AbortController();
    const waiting = ask(g, { wait_seconds: 50 }, caller.signal);
    const request_id = await pendingId(g);
    caller.abort();
    await expect(waiting).rejects.toThrow("aborted");
    expect(await check(g, request_id)).toMatchObject({ status: "pending" });
    await decide(g, request_id);
    expect(await check(g, request_id)).toMatchObject({ status: "cancelled" });
  });

  it("works while state does not answer", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    g.state.isReachable = false;
    const waiting = check(g, request_id, 50);
    await decide(g, request_id);
    expect(await waiting).toMatchObject({ status: "cancelled" });
  });
});

describe("a place to wait in", () => {
  it("is not needed for a decided request", async () => {
    await using g = await startGateway({ settings: { maxWaiters: 0 } });
    const { request_id } = await ask(g);
    await decide(g, request_id);
    expect(await check(g, request_id, 50)).toMatchObject({ status: "cancelled" });
  });

  it("is refused if all are taken, before anything is asked", async () => {
    await using g = await startGateway({ settings: { maxWaiters: 1 } });
    const waiting = ask(g, { wait_seconds: 50 });
    const request_id = await pendingId(g);
    const full = { code: "unavailable", message: expect.stringContaining("without wait_seconds") };
    expect(await refusal(g.url, "check_request_status", { request_id, wait_seconds: 1 })).toMatchObject(full);
    expect(await refusal(g.url, "request_human_input", { message: "n", wait_seconds: 1 })).toMatchObject(
      full,
    );
    expect(await pendingId(g)).toBe(request_id);
    await decide(g, request_id);
    await waiting;
    const next = await ask(g, { wait_seconds: 1 });
    expect(next.status).toBe("pending");
  });

  const asking = { name: "request_human_input", arguments: { message: "m", wait_seconds: 50 } };
  const older = legacy("2025-06-18", "tools/call", asking);
  const clients = {
    "asks for a stream": modern("tools/call", asking),
    "asks for a stream in an older revision": older,
    "asks for no stream": { ...older, headers: { accept: "*/*" } },
    "calls plainly": { body: { method: "tools/call", params: asking, id: 1 }, headers: {} },
  };

  it.each(Object.entries(clients))(
    "is free again when a client that %s disconnects",
    async (_name, message) => {
      await using g = await startGateway({ settings: { maxWaiters: 1 } });
      const caller = new AbortController();
      const waiting = send(g.url, message, caller.signal);
      const request_id = await pendingId(g);
      caller.abort();
      await expect(waiting).rejects.toThrow("aborted");
      await expect.poll(() => check(g, request_id, 1)).toMatchObject({ status: "pending" });
    },
  );
});

describe("a log that is unavailable during a wait", () => {
  it("is read again, and the decision is returned", async () => {
    let isAway = false;
    const faulty = (log: EventLog) => failingLog(log, { newest: () => isAway });
    await using g = await startGateway({ faulty });
    const { request_id } = await ask(g);
    isAway = true;
    const waiting = await waitFor(g.url, request_id);
    await decide(g, request_id);
    isAway = false;
    expect(await waiting.result).toMatchObject({ status: "cancelled" });
  });

  it("does not keep the request_id from the caller", async () => {
    await using g = await startGateway({ faulty: (log) => failingLog(log, { newest: () => true }) });
    expect(await ask(g, { wait_seconds: 1 })).toMatchObject({ status: "pending" });
    const { request_id } = await ask(g);
    expect(await refusal(g.url, "check_request_status", { request_id, wait_seconds: 1 })).toMatchObject({
      code: "unavailable",
    });
  });
});

it("becomes a status query if the log no longer holds the question", async () => {
  let now = Date.now();
  await using g = await startGateway({ now: () => new Date(now) });
  const { request_id } = await ask(g, { timeout_seconds: 2_592_000 });
  expect(await pendingId(g)).toBe(request_id);
  now += 89.5 * 86_400_000;
  expect(await check(g, request_id, 50)).toMatchObject({ request_id, status: "pending" });
});

it("returns the pending request when the gateway drains, and later calls do not wait", async () => {
  await using g = await startGateway();
  const waiting = ask(g, { wait_seconds: 50 });
  const request_id = await pendingId(g);
  g.gateway.drain();
  expect(await waiting).toMatchObject({ request_id, status: "pending" });
  expect(await check(g, request_id, 50)).toMatchObject({ status: "pending" });
});
