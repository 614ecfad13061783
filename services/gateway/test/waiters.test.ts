import { describe, expect, it } from "vitest";
import type { EventLog, TailListener } from "@loopgate/bus";
import { createMetrics } from "@loopgate/runtime";
import { metricSeries } from "@loopgate/testing";
import { gatewayMetrics } from "../src/gateway-metrics.ts";
import { Waiters } from "../src/requests/waiters.ts";
import { ask, decide } from "./support/requests.ts";
import { replacedLog } from "@loopgate/testing/faults";
import { startGateway, type TestGateway } from "./support/gateway.ts";

describe("waiters", () => {
  /** A log whose tail delivers gaps only. */
  function deaf(log: EventLog) {
    const listeners: TailListener[] = [];
    const tail: EventLog["tail"] = async (_filters, listener) => {
      listeners.push(listener);
      return { [Symbol.asyncDispose]: async () => undefined };
    };
    return { log: replacedLog(log, { tail }), gap: () => listeners.forEach((listener) => listener.onGap()) };
  }

  async function startWaiting(g: TestGateway, log: EventLog, { recheckMs = 60_000, count = 1 } = {}) {
    const registry = createMetrics();
    const metrics = gatewayMetrics(registry);
    const waiters = await Waiters.open({ log, requests: g.requests, metrics, maxWaiters: count, recheckMs });
    const { request_id } = await ask(g);
    const ref = { tenant: "default", id: request_id };
    const options = { seconds: 30, signal: new AbortController().signal };
    const waiting = Array.from({ length: count }, () => waiters.reserve()!.wait({ ref }, options));
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

  it("read again after a gap", async () => {
    await using g = await startGateway();
    const { log, gap } = deaf(g.bus.log);
    const { request_id, statuses, wokenBy } = await startWaiting(g, log);
    await decide(g, request_id);
    gap();
    expect(await statuses()).toEqual(new Set(["cancelled"]));
    expect(await wokenBy("gap")).toBe(1);
  });

  it("read again after a while even if no event arrived", async () => {
    await using g = await startGateway();
    const { log } = deaf(g.bus.log);
    const { request_id, statuses, wokenBy } = await startWaiting(g, log, { recheckMs: 50 });
    await decide(g, request_id);
    expect(await statuses()).toEqual(new Set(["cancelled"]));
    expect(await wokenBy("recheck")).toBe(1);
  });
});
