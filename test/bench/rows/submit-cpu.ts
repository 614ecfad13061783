import { FakeTelegram } from "@loopgate/testing";
import { startDeployment } from "../../harness/deployment.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { type Figure, micros, ms, perSecond, type Row } from "../figure.ts";
import { startFloor } from "../floors/start-floor.ts";
import { type LoadResult, measureLoad } from "../load.ts";
import { mcpCall, question } from "../mcp-call.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const COUNT = 4_000;
const IN_FLIGHT = 32;
const ROUNDS = 5;

/** What a submission costs the gateway's process, beside servers that only pass it on to the log. */
export const submitCpu: Row = {
  title: `submit over MCP 2026-07-28, ${IN_FLIGHT} in flight: CPU of the gateway's process`,
  measure: async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using deployment = await startDeployment({ apiRoot: telegram.apiRoot });
    const gateway = await deployment.start("gateway");
    await using floor = await startFloor("http-server", { NATS_URL: deployment.nats.url });
    const submit = mcpCall("request_human_input", question);
    const noOp = mcpCall("no-op", question);
    const load = (pid: number, url: string, call = submit) =>
      measureLoad(pid, { url, count: COUNT, inFlight: IN_FLIGHT, call: () => call });
    const measures = {
      gateway: () => load(gateway.pid, `${gateway.url}/mcp`),
      noOp: () => load(floor.pid, `${floor.url}/mcp`, noOp),
      echo: () => load(floor.pid, `${floor.url}/echo`),
    };
    await inTurns(2, measures);
    const samples = await inTurns(ROUNDS, measures);
    return [
      figure("no-op tool + one publish", samples.gateway, samples.noOp, 1.3),
      figure("raw Fastify echo + one publish", samples.gateway, samples.echo, 3.5),
    ];
  },
};

function figure(
  floor: string,
  gateway: readonly LoadResult[],
  beside: readonly LoadResult[],
  target: number,
): Figure {
  const ratio = medianRatio(gateway.map(cpu), beside.map(cpu));
  return {
    what: `submit: CPU against ${floor}`,
    measured: summary(gateway),
    floor: summary(beside),
    ratio,
    target: `≤ ${target} ×`,
    isMet: ratio <= target,
  };
}

const cpu = (result: LoadResult): number => result.cpuMicros;

function summary(results: readonly LoadResult[]): string {
  const of = (pick: (result: LoadResult) => number) => median(results.map(pick));
  const latency = `p50 ${ms(of(({ p50Ms }) => p50Ms))}, p99 ${ms(of(({ p99Ms }) => p99Ms))}`;
  return `${micros(of(cpu))}; ${perSecond(of((result) => result.perSecond))}, ${latency}`;
}
