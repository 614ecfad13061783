import { Agent } from "node:http";
import { inParallel } from "./in-parallel.ts";
import { type Call, textOf, begin } from "./call.ts";
import { cpuMicros } from "./process-usage.ts";
import { percentile } from "./statistics.ts";

export interface Load {
  readonly url: string;
  readonly count: number;
  readonly inFlight: number;
  /** The n-th call. */
  readonly call: (n: number) => Call;
}

export interface LoadResult {
  readonly perSecond: number;
  /** CPU time of the server's process for each request, in microseconds. */
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: readonly string[];
}

/** Makes `count` calls, `inFlight` at a time, to a server of process `pid`; fails if one of them fails. */
export async function measureLoad(pid: number, { url, count, inFlight, call }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const latencies: number[] = [];
  const cpuBefore = cpuMicros(pid);
  const start = performance.now();
  const answers = await inParallel(count, inFlight, async (n) => {
    const sent = performance.now();
    const text = await textOf(await begin(url, call(n), agent));
    latencies.push(performance.now() - sent);
    return text;
  });
  const seconds = (performance.now() - start) / 1_000;
  agent.destroy();
  return {
    perSecond: count / seconds,
    cpuMicros: (cpuMicros(pid) - cpuBefore) / count,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    answers,
  };
}
