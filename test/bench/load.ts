import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";

export interface Load {
  readonly url: string;
  readonly count: number;
  readonly inFlight: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of the n-th request. */
  readonly body: (n: number) => string;
}

export interface LoadResult {
  readonly perSecond: number;
  /** CPU time of the server process for each request, in microseconds. */
  readonly cpuMicrosPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends `count` POSTs with `inFlight` at a time to a server of process `pid`; fails on anything but 200. */
export async function measureLoad(
  pid: number,
  { url, count, inFlight, headers, body }: Load,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const latencies: number[] = [];
  let next = 0;
  const cpuBefore = cpuMicros(pid);
  const start = performance.now();
  const worker = async () => {
    while (next < count) {
      const sent = performance.now();
      await post(url, agent, headers, body(next++));
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - start) / 1_000;
  const cpuMicrosPerRequest = (cpuMicros(pid) - cpuBefore) / count;
  agent.destroy();
  return {
    perSecond: count / seconds,
    cpuMicrosPerRequest,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
}

/** The value below which `percent` of the samples lie. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** User and system time of a process so far, all threads: Linux counts it in ticks of 10 ms. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function post(url: string, agent: Agent, headers: Load["headers"], body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = request(
    url,
    { agent, method: "POST", headers: { ...headers, "content-length": Buffer.byteLength(body) } },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200 && !text.includes('"isError":true')) resolve();
        else reject(new Error(`${answer.statusCode}: ${text.slice(0, 300)}`));
      });
    },
  );
  sent.on("error", reject);
  sent.end(body);
  return promise;
}
