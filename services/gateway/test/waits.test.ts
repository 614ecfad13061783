import { eventKey, type RequestEvent, requestSubject, type UndeliveredEvent } from "@loopgate/contracts";
import { cancellation } from "@loopgate/domain";
import { describe, expect, it } from "vitest";
import { type EventLog, type TailListener, Unavailable } from "@loopgate/bus";
import { createMetrics } from "@loopgate/runtime";
import { metricSeries } from "@loopgate/testing";
import { gatewayMetrics } from "../src/gateway-metrics.ts";
import { Waiters } from "../src/requests/waiters.ts";
import { broken, startGateway, type TestGateway } from "./a-gateway.ts";
import { call, legacy, modern, post, refusal, send, view, waitFor } from "./wire.ts";

const ask = (g: TestGateway, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
  view(g.url, "request_human_input", { message: "m", ...args }, signal);
const check = (g: TestGateway, request_id: string, wait_seconds = 0) =>
  view(g.url, "check_request_status", { request_id, wait_seconds });

async function questionOf(g: TestGateway, id: string) {
  const created = await g.requests.created({ tenant: "default", id });
  if (created === undefined) throw new Error("the log does not hold the question");
  return created;
}

/** A decision as any process makes one. */
async function decide(g: TestGateway, id: string): Promise<void> {
  const created = await questionOf(g, id);
  await g.requests.decide(created, cancellation(created.event, "cancel.test", new Date(), "enough"));
}

/** What the notifier appends when it can't reach a chat. */
async function fail(g: TestGateway, id: string, endpoint: string): Promise<void> {
  const { event } = await questionOf(g, id);
  const undelivered: UndeliveredEvent = {
    ...event,
    id: `${id}.undelivered.${endpoint}`,
    type: "loopgate.request.undelivered.v1",
    data: { endpoint, reason: "blocked" },
  };
  const subject = requestSubject({ tenant: "default", id }, eventKey.undelivered(endpoint));
  await g.bus.log.append(subject, undelivered satisfies RequestEvent);
}

/** The id of the one request that is pending, as soon as there is one. */
async function pendingId(g: TestGateway): Promise<string> {
  const pending = async () =>
    (await call(g.url, "list_pending_requests", {})).result.structuredContent.requests;
  await expect.poll(pending).toHaveLength(1);
  return String((await pending())[0].request_id);
}

describe("a call that waits", () => {
  it("returns the decision the moment it is committed, wherever that came in", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const waiting = await waitFor(g.url, request_id);
    await decide(g, request_id);
    expect(await waiting.result).toMatchObject({ status: "cancelled", reason: "enough" });
  });

  it("may be the call that asks", async () => {
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

  it("returns the pending request when its time is over, however long it wanted to wait", async () => {
    await using g = await startGateway({ settings: { maxWaitSeconds: 1 } });
    const { request_id } = await ask(g);
    expect(await check(g, request_id, 3_600)).toMatchObject({ status: "pending" });
  });

  it("returns when the last recipient fails during it", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const waiting = await waitFor(g.url, request_id);
    await fail(g, request_id, "telegram_42_8");
    await fail(g, request_id, "telegram_42_7");
    const shown = { status: "pending", delivery: "undelivered", poll_after_seconds: 30 };
    expect(await waiting.result).toMatchObject(shown);
  });

  it("is not ended by failures from before", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    await fail(g, request_id, "telegram_42_7");
    const waiting = await waitFor(g.url, request_id);
    await fail(g, request_id, "telegram_42_8");
    await decide(g, request_id);
    expect(await waiting.result).toMatchObject({ status: "cancelled" });
  });

  it("ends with its connection, and the question stays", async () => {
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

  it("works while nobody answers for the store", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    g.state.isReachable = false;
    const waiting = check(g, request_id, 50);
    await decide(g, request_id);
    expect(await waiting).toMatchObject({ status: "cancelled" });
  });
});

describe("keeping a waiting connection alive", () => {
  const waiting = (request_id: string) => ({
    name: "check_request_status",
    arguments: { request_id, wait_seconds: 1 },
  });

  it("sends progress at once to a client that asked for it", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const answers = [
      await send(g.url, modern("tools/call", waiting(request_id), { progressToken: "p" })),
      await send(
        g.url,
        legacy("2025-06-18", "tools/call", { ...waiting(request_id), _meta: { progressToken: "p" } }),
      ),
    ];
    for (const { messages } of answers) {
      expect(messages).toHaveLength(2);
      expect(messages[0]).toEqual({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: "p", progress: 0, total: 1, message: "waiting for a person's answer" },
      });
      expect(messages[1].result.structuredContent).toMatchObject({ status: "pending" });
    }
  });

  it("sends comments to all others", async () => {
    await using g = await startGateway({ settings: { keepAliveMs: 10 } });
    const { request_id } = await ask(g);
    for (const message of [
      modern("tools/call", waiting(request_id)),
      legacy("2025-06-18", "tools/call", waiting(request_id)),
    ]) {
      const { text, messages } = await send(g.url, message);
      expect(text.split("\n").filter((line) => line.startsWith(": ")).length).toBeGreaterThan(2);
      expect(messages).toHaveLength(1);
    }
  });

  it("begins the answer at once, although nothing is to be said yet", async () => {
    await using g = await startGateway({ settings: { keepAliveMs: 600_000 } });
    for (const message of [modern, legacy.bind(undefined, "2025-06-18")]) {
      const { request_id } = await ask(g);
      const params = { name: "check_request_status", arguments: { request_id, wait_seconds: 50 } };
      const { body, headers } = message("tools/call", params);
      const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
      const begun = await fetch(`${g.url}/mcp`, { ...init, body: JSON.stringify(body) });
      await decide(g, request_id);
      expect(await begun.text()).toContain("cancelled");
    }
  });

  it("sends one JSON object to a client that asks for no stream", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: waiting(request_id) };
    const answer = await post(`${g.url}/mcp`, body);
    expect(answer.body.result.structuredContent).toMatchObject({ status: "pending" });
  });
});

describe("a place to wait in", () => {
  it("is not needed to hear of a decision that stands", async () => {
    await using g = await startGateway({ settings: { maxWaiters: 0 } });
    const { request_id } = await ask(g);
    await decide(g, request_id);
    expect(await check(g, request_id, 50)).toMatchObject({ status: "cancelled" });
  });

  it("is refused when all are taken, before anything is asked", async () => {
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

  it.each(Object.entries(clients))("is free again when a client that %s is gone", async (_name, message) => {
    await using g = await startGateway({ settings: { maxWaiters: 1 } });
    const caller = new AbortController();
    const waiting = send(g.url, message, caller.signal);
    const request_id = await pendingId(g);
    caller.abort();
    await expect(waiting).rejects.toThrow("aborted");
    await expect.poll(() => check(g, request_id, 1)).toMatchObject({ status: "pending" });
  });
});

describe("waiters over the log itself", () => {
  /** Hears nothing but gaps. */
  function deaf(log: EventLog) {
    const listeners: TailListener[] = [];
    const tail: EventLog["tail"] = async (_filters, listener) => {
      listeners.push(listener);
      return { [Symbol.asyncDispose]: async () => undefined };
    };
    return { log: broken(log, { tail }), gap: () => listeners.forEach((listener) => listener.onGap()) };
  }

  async function startWaiting(g: TestGateway, log: EventLog, { recheckMs = 60_000, count = 1 } = {}) {
    const registry = createMetrics();
    const metrics = gatewayMetrics(registry);
    const waiters = await Waiters.open({ log, requests: g.requests, metrics, maxWaiters: count, recheckMs });
    const { request_id } = await ask(g);
    const options = { seconds: 30, signal: new AbortController().signal };
    const waiting = Array.from({ length: count }, () => waiters.reserve()!.wait({ id: request_id }, options));
    const statuses = async () => new Set((await Promise.all(waiting)).map((request) => request?.view.status));
    const wokenBy = async (source: string) =>
      metricSeries(await registry.metrics()).get(`loopgate_wake_seconds_count{source="${source}"}`);
    return { request_id, statuses, wokenBy };
  }

  it("are all woken by one decision", async () => {
    await using g = await startGateway();
    const { request_id, statuses, wokenBy } = await startWaiting(g, g.bus.log, { count: 1_000 });
    await decide(g, request_id);
    expect(await statuses()).toEqual(new Set(["cancelled"]));
    expect(await wokenBy("event")).toBe(1_000);
  });

  it("look again after a gap", async () => {
    await using g = await startGateway();
    const { log, gap } = deaf(g.bus.log);
    const { request_id, statuses, wokenBy } = await startWaiting(g, log);
    await decide(g, request_id);
    gap();
    expect(await statuses()).toEqual(new Set(["cancelled"]));
    expect(await wokenBy("gap")).toBe(1);
  });

  it("look again after a while even if nothing was heard", async () => {
    await using g = await startGateway();
    const { log } = deaf(g.bus.log);
    const { request_id, statuses, wokenBy } = await startWaiting(g, log, { recheckMs: 50 });
    await decide(g, request_id);
    expect(await statuses()).toEqual(new Set(["cancelled"]));
    expect(await wokenBy("recheck")).toBe(1);
  });
});

describe("a log that is away during a wait", () => {
  it("is asked again, and the decision is returned", async () => {
    let isAway = false;
    const faulty = (log: EventLog) =>
      broken(log, {
        newest: async (prefix) => {
          if (isAway) throw new Unavailable("away");
          return log.newest(prefix);
        },
      });
    await using g = await startGateway({ faulty });
    const { request_id } = await ask(g);
    isAway = true;
    const waiting = await waitFor(g.url, request_id);
    await decide(g, request_id);
    isAway = false;
    expect(await waiting.result).toMatchObject({ status: "cancelled" });
  });

  it("costs the caller who asked no id", async () => {
    const newest = async () => {
      throw new Unavailable("away");
    };
    await using g = await startGateway({ faulty: (log) => broken(log, { newest }) });
    expect(await ask(g, { wait_seconds: 1 })).toMatchObject({ status: "pending" });
    const { request_id } = await ask(g);
    expect(await refusal(g.url, "check_request_status", { request_id, wait_seconds: 1 })).toMatchObject({
      code: "unavailable",
    });
  });
});

it("becomes a status when the log holds the question no more", async () => {
  let now = Date.now();
  await using g = await startGateway({ now: () => new Date(now) });
  const { request_id } = await ask(g, { timeout_seconds: 2_592_000 });
  expect(await pendingId(g)).toBe(request_id);
  now += 89.5 * 86_400_000;
  expect(await check(g, request_id, 50)).toMatchObject({ request_id, status: "pending" });
});

it("returns what is pending when the gateway drains, and waits no more", async () => {
  await using g = await startGateway();
  const waiting = ask(g, { wait_seconds: 50 });
  const request_id = await pendingId(g);
  g.gateway.drain();
  expect(await waiting).toMatchObject({ request_id, status: "pending" });
  expect(await check(g, request_id, 50)).toMatchObject({ status: "pending" });
});
