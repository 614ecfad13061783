import { freePorts } from "@loopgate/testing";
import { Counter } from "prom-client";
import { expect, it, vi } from "vitest";
import { checkHealth, type HealthCheck, serveHealth } from "./health.ts";
import { createMetrics } from "./metrics.ts";

const part = (name: string, required: boolean, check: () => Promise<void>): HealthCheck => ({
  name,
  required,
  check,
});
const fine = async () => undefined;
const broken = () => Promise.reject(new Error("is away\nsince yesterday"));

it("is ready when every required part answers, and reports the others", async () => {
  const report = await checkHealth([part("store", true, fine), part("telegram", false, broken)]);
  expect(report).toEqual({ ready: true, parts: { store: "ok", telegram: "is away" } });
});

it("is not ready without a required part, and names it", async () => {
  expect(await checkHealth([part("store", true, broken)])).toEqual({
    ready: false,
    parts: { store: "is away" },
  });
});

it("treats a part that does not answer as broken", async () => {
  vi.useFakeTimers();
  const report = checkHealth([part("store", true, () => new Promise(() => undefined))]);
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  expect(await report).toEqual({
    ready: false,
    parts: { store: expect.stringMatching("^no answer within 2 s: ") },
  });
});

it("reports a process as starting, ready and draining, and as alive throughout", async () => {
  const [port = 0] = await freePorts(1);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.json() };
  };
  await using health = await serveHealth({ variable: "HEALTH_PORT", port }, createMetrics());

  const starting = { ready: false, parts: { start: "is not finished yet" } };
  expect(await get("/readyz")).toEqual({ status: 503, body: starting });

  const readiness = health.ready([{ name: "store", required: true, check: async () => undefined }]);
  expect(await get("/readyz")).toEqual({ status: 200, body: { ready: true, parts: { store: "ok" } } });

  readiness[Symbol.dispose]();
  const draining = { ready: false, draining: true, parts: { store: "ok" } };
  expect(await get("/readyz")).toEqual({ status: 503, body: draining });
  expect(await get("/healthz")).toEqual({ status: 200, body: { status: "ok" } });
});

it("serves the metrics of the service and of its process", async () => {
  const [port = 0] = await freePorts(1);
  const metrics = createMetrics();
  const name = "loopgate_things_total";
  new Counter({ name, help: "Things.", registers: [metrics] }).inc(3);
  await using _health = await serveHealth({ variable: "HEALTH_PORT", port }, metrics);

  const response = await fetch(`http://127.0.0.1:${port}/metrics`);

  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  const text = await response.text();
  expect(text).toContain(`${name} 3`);
  expect(text).toContain("process_resident_memory_bytes");
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});
