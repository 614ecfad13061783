// `npm run bench`: every figure beside its floor in the same run. Figures of a shared machine: trust ratios and CPU.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { FakeTelegram } from "@loopgate/testing";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";
import { type LoadResult, measureLoad, percentile } from "./load.ts";
import { measurePort } from "./port.ts";
import { measureTaps } from "./taps.ts";

const json = { "content-type": "application/json" };
const submission = {
  message: "Restart orders-prod?",
  request_type: "confirmation",
  session_id: "bench",
  client_id: "bench",
};
const params = { name: "request_human_input", arguments: submission };
const modernEnvelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
};
const count = 4_000;
const inFlight = 32;

await using telegram = await FakeTelegram.start(botToken);
print(
  `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, Node ${process.version}; ${count} requests, ${inFlight} at a time\n`,
);

await measureStarts();
const echo = await withFloor("/echo");
const append = await withFloor("/append");
const [plain, modern] = await withLoopgate();
row("raw Fastify echo", echo);
row("raw Fastify echo + one durable append", append);
row("submit, plain call", plain);
row("submit, MCP 2026-07-28", modern);
print(`  CPU of an MCP submit: ${ratio(modern, append)} × (echo + append), ${ratio(modern, echo)} × echo`);
print(`  CPU of a plain submit: ${ratio(plain, append)} × (echo + append)\n`);
print(
  `append at the port, durable, ${inFlight} in flight: ${Math.round(await measurePort(20_000, inFlight))}/s\n`,
);

const taps = await measureTaps(telegram, 200);
print(
  `tap → waiting agent, ${taps.length} waiting: p50 ${percentile(taps, 50).toFixed(1)} ms, p99 ${percentile(taps, 99).toFixed(1)} ms`,
);
process.exit(0);

async function measureStarts(): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    await using directory = await temporaryDirectory();
    const before = performance.now();
    await using loopgate = await startLoopgate({ directory: directory.path, apiRoot: telegram.apiRoot });
    times.push(performance.now() - before);
    await loopgate.stop();
  }
  print(
    `start to ready, empty data directory: p50 ${Math.round(percentile(times, 50))} ms of ${times.length}\n`,
  );
}

async function withFloor(path: string): Promise<LoadResult> {
  const floor = spawn(process.execPath, [fileURLToPath(new URL("floor.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(floor.stdout, "data")) as [Buffer];
  const url = `${line.toString().trim().split(" ")[1] ?? ""}${path}`;
  const load = {
    url,
    inFlight,
    headers: json,
    body: (id: number) => JSON.stringify({ method: "tools/call", params, id }),
  };
  await measureLoad(floor.pid ?? 0, { ...load, count: 1_000 });
  const result = await measureLoad(floor.pid ?? 0, { ...load, count });
  floor.kill();
  return result;
}

/** No chat takes thousands of messages at once: questions go to a bot that is throttled, as Telegram would. */
async function withLoopgate(): Promise<readonly [LoadResult, LoadResult]> {
  await using directory = await temporaryDirectory();
  const environment = { LOG_LEVEL: "warn" };
  await using loopgate = await startLoopgate({
    directory: directory.path,
    apiRoot: telegram.apiRoot,
    environment,
  });
  const url = `${loopgate.url}/mcp`;
  const plain = {
    url,
    inFlight,
    headers: json,
    body: (id: number) => JSON.stringify({ method: "tools/call", params, id }),
  };
  const headers = {
    ...json,
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": params.name,
  };
  const body = (id: number) =>
    JSON.stringify({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { ...params, _meta: modernEnvelope },
    });
  await measureLoad(loopgate.pid, { ...plain, count: 1_000 });
  const plainResult = await measureLoad(loopgate.pid, { ...plain, count });
  await measureLoad(loopgate.pid, { url, inFlight, headers, body, count: 1_000 });
  return [plainResult, await measureLoad(loopgate.pid, { url, inFlight, headers, body, count })];
}

function row(name: string, { perSecond, cpuMicrosPerRequest, p50Ms, p99Ms }: LoadResult): void {
  const figures = [
    `${Math.round(perSecond)}/s`,
    `${Math.round(cpuMicrosPerRequest)} µs CPU`,
    `p50 ${p50Ms.toFixed(1)} ms`,
    `p99 ${p99Ms.toFixed(1)} ms`,
  ];
  print(`${name.padEnd(40)} ${figures.map((figure) => figure.padStart(14)).join(" ")}`);
}

function ratio(a: LoadResult, b: LoadResult): string {
  return (a.cpuMicrosPerRequest / b.cpuMicrosPerRequest).toFixed(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
