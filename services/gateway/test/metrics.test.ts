import { metricSeries } from "@loopgate/testing";
import { afterAll, expect, it } from "vitest";
import { replacedLog } from "@loopgate/testing/faults";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { call, post, refusal, view, waitFor } from "./support/wire.ts";

const g = await startGateway();
afterAll(() => g[Symbol.asyncDispose]());

/** The current value of a series; 0 if it does not exist yet. */
async function value(series: string, of: TestGateway = g): Promise<number> {
  const response = await fetch(`${of.url}/metrics`);
  return metricSeries(await response.text()).get(series) ?? 0;
}

const callsWith = (tool: string, outcome: string, of?: TestGateway) =>
  value(`loopgate_call_seconds_count{tool="${tool}",outcome="${outcome}"}`, of);

it("count each question once, by type", async () => {
  const asked = { message: "m", request_type: "confirmation", idempotency_key: "k" };
  await view(g.url, "request_human_input", asked);
  await view(g.url, "request_human_input", asked);
  await view(g.url, "request_human_input", { message: "m" });
  await call(g.url, "request_human_input", { message: "" });

  expect(await value('loopgate_requests_accepted_total{request_type="confirmation"}')).toBe(1);
  expect(await value('loopgate_requests_accepted_total{request_type="input"}')).toBe(1);
});

it("count calls by tool and outcome", async () => {
  const before = await callsWith("request_human_input", "pending");
  const { request_id } = await view(g.url, "request_human_input", { message: "m" });
  await view(g.url, "cancel_request", { request_id });
  await refusal(g.url, "check_request_status", { request_id: "nobody's" });
  await call(g.url, "list_pending_requests", {});

  expect(await callsWith("request_human_input", "pending")).toBe(before + 1);
  expect(await callsWith("cancel_request", "cancelled")).toBe(1);
  expect(await callsWith("check_request_status", "not_found")).toBe(1);
  expect(await callsWith("list_pending_requests", "listed")).toBe(1);
});

it("count a call that failed, and one whose caller disconnected", async () => {
  await using ill = await startGateway({
    faulty: (log) => replacedLog(log, { append: () => Promise.reject(new RangeError("broken")) }),
  });
  await post(`${ill.url}/mcp`, {
    method: "tools/call",
    params: { name: "request_human_input", arguments: { message: "m" } },
    id: 1,
  });
  expect(await callsWith("request_human_input", "failed", ill)).toBe(1);

  const { request_id } = await view(g.url, "request_human_input", { message: "m" });
  const caller = new AbortController();
  const gone = view(g.url, "check_request_status", { request_id, wait_seconds: 50 }, caller.signal);
  await expect.poll(() => value("loopgate_waiting_calls")).toBe(1);
  caller.abort();
  await expect(gone).rejects.toThrow("abort");
  await expect.poll(() => callsWith("check_request_status", "disconnected")).toBe(1);
});

it("show the number of waiting calls, and measure how fast a decision wakes them", async () => {
  const { request_id } = await view(g.url, "request_human_input", { message: "m" });
  const waiting = await waitFor(g.url, request_id);
  await expect.poll(() => value("loopgate_waiting_calls")).toBe(1);

  await view(g.url, "cancel_request", { request_id });
  await waiting.result;

  expect(await value("loopgate_waiting_calls")).toBe(0);
  expect(await value('loopgate_wake_seconds_count{source="event"}')).toBe(1);
  expect(await value('loopgate_wake_seconds_bucket{le="30",source="event"}')).toBe(1);
});
