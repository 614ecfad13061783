import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { FakeTelegram, metricSeries, person } from "@loopgate/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { type DeployedService, type Deployment, startDeployment } from "../harness/deployment.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";

const retentionMs = 90 * 86_400_000;
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

const parts = new AsyncDisposableStack();
let telegram: FakeTelegram;
let deployment: Deployment;
let [gateway, notifier, state] = [] as unknown as readonly DeployedService[];
beforeAll(async () => {
  telegram = parts.use(await FakeTelegram.start(botToken));
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot }));
  [gateway, notifier, state] = await Promise.all([
    deployment.start("gateway"),
    deployment.start("notifier"),
    deployment.start("state"),
  ]);
});
afterAll(() => parts.disposeAsync());

/** Asks within the trace. */
async function ask(): Promise<string> {
  const question = { message: textCanary, request_type: "confirmation" };
  const response = await fetch(`${gateway!.url}/mcp`, {
    method: "POST",
    headers: { traceparent },
    body: JSON.stringify({
      method: "tools/call",
      params: { name: "request_human_input", arguments: question },
      id: 1,
    }),
  });
  const answer = (await response.json()) as { result: { structuredContent: { request_id: string } } };
  return answer.result.structuredContent.request_id;
}

/** What a service logged about a request within the trace. */
const tracedLines = (service: DeployedService | undefined, request: string): unknown[] =>
  (service?.output() ?? "")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line["request"] === request && line["trace"] === trace)
    .map(({ msg }) => msg);

const series = async (service: DeployedService | undefined) => {
  const response = await fetch(`${service!.url}/metrics`);
  return metricSeries(await response.text());
};

it("a trace goes through all services, to the press and back, in log lines and in the decision", async () => {
  const answered = await ask();
  await expect.poll(() => tracedLines(notifier, answered)).toEqual(["delivered"]);
  telegram.press(person(7), telegram.messagesIn(7)[0]!, "Approve");
  await viewFrom(gateway!.url, "check_request_status", { request_id: answered, wait_seconds: 20 });
  const withdrawn = await ask();
  await viewFrom(gateway!.url, "cancel_request", { request_id: withdrawn });

  await expect.poll(() => tracedLines(gateway, answered)).toEqual(expect.arrayContaining(["call"]));
  await expect.poll(() => tracedLines(notifier, answered)).toEqual(["delivered", "a person answered"]);
  await expect.poll(() => tracedLines(state, withdrawn)).toEqual(["cancelled"]);
  await using bus = await connectNatsBus({
    servers: deployment.nats.url,
    name: "reader",
    retentionMs,
  });
  const requests = new RequestLog({ log: bus.log, retentionMs });
  for (const id of [answered, withdrawn]) {
    expect((await requests.decision({ tenant: "default", id }))?.event.traceparent).toBe(traceparent);
  }
});

it("each service shows what it did", async () => {
  const nothingLeft = async () => {
    const shown = await series(state);
    return shown.get('loopgate_consumer_backlog{consumer="state-projection"}') === 0;
  };
  await expect.poll(nothingLeft).toBe(true);
  const [asked, carried, kept] = [await series(gateway), await series(notifier), await series(state)];

  expect(asked.get('loopgate_requests_accepted_total{request_type="confirmation"}')).toBe(2);
  expect(carried.get("loopgate_deliveries_total")).toBeGreaterThanOrEqual(1);
  expect(carried.get('loopgate_decision_seconds_count{outcome="approved"}')).toBe(1);
  expect(kept.get('loopgate_decision_seconds_count{outcome="cancelled"}')).toBe(1);
  expect(kept.has("loopgate_requests_pending")).toBe(true);
  for (const consumer of ["state-timers", "state-expiry"]) {
    expect(kept.has(`loopgate_consumer_backlog{consumer="${consumer}"}`), consumer).toBe(true);
  }
  for (const consumer of ["notifier-outbound", "notifier-inbound", "notifier-closer"]) {
    expect(carried.has(`loopgate_consumer_backlog{consumer="${consumer}"}`), consumer).toBe(true);
  }
});

it("a service that drains says so to its probes, and still tells what it does", async () => {
  telegram.fail("sendMessage", { kind: "hang" });
  const sends = () => telegram.calls.filter(({ method }) => method === "sendMessage").length;
  const before = sends();
  await ask();
  await expect.poll(sends).toBe(before + 1);

  const stopped = notifier!.stop();

  const readiness = async () => {
    const response = await fetch(`${notifier!.url}/readyz`);
    return { status: response.status, body: await response.json() };
  };
  await expect.poll(readiness).toMatchObject({ status: 503, body: { ready: false, draining: true } });
  expect((await series(notifier)).has("loopgate_deliveries_total")).toBe(true);
  await notifier!.kill();
  await stopped;
});
