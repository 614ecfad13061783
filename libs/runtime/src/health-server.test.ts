import { freePorts } from "@loopgate/testing";
import { Counter } from "prom-client";
import { expect, it } from "vitest";
import { serveHealth } from "./health-server.ts";
import { createMetrics } from "./metrics.ts";

it("says that a process starts, is ready, drains, and lives all the while", async () => {
  const [port = 0] = await freePorts(1);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.json() };
  };
  await using health = await serveHealth(port, createMetrics());

  const starting = { ready: false, parts: { start: "is not finished yet" } };
  expect(await get("/readyz")).toEqual({ status: 503, body: starting });

  const readiness = health.ready([{ name: "store", required: true, check: async () => undefined }]);
  expect(await get("/readyz")).toEqual({ status: 200, body: { ready: true, parts: { store: "ok" } } });

  readiness[Symbol.dispose]();
  const draining = { ready: false, draining: true, parts: { store: "ok" } };
  expect(await get("/readyz")).toEqual({ status: 503, body: draining });
  expect(await get("/healthz")).toEqual({ status: 200, body: { status: "ok" } });
});

it("serves what the process counts, and how the process is", async () => {
  const [port = 0] = await freePorts(1);
  const metrics = createMetrics();
  const name = "loopgate_things_total";
  new Counter({ name, help: "Things.", registers: [metrics] }).inc(3);
  await using _health = await serveHealth(port, metrics);

  const response = await fetch(`http://127.0.0.1:${port}/metrics`);

  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  const text = await response.text();
  expect(text).toContain(`${name} 3`);
  expect(text).toContain("process_resident_memory_bytes");
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});
