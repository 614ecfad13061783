import { setTimeout as pause } from "node:timers/promises";
import { type CreatedEvent, DEFAULT_TENANT, type LogEntry, refOf } from "@loopgate/contracts";
import { cancellation } from "@loopgate/domain";
import { FakeTelegram } from "@loopgate/testing";
import { type Deployment, startDeployment } from "../../harness/deployment.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { connectBenchBus } from "../bench-bus.ts";
import type { Call } from "../call.ts";
import { ms, type Row } from "../figure.ts";
import { startFloor } from "../floors/start-floor.ts";
import { inParallel } from "../in-parallel.ts";
import { measureLoad } from "../load.ts";
import { mcpCall, question, viewIn } from "../mcp-call.ts";
import { openCalls, waitingAt } from "../open-calls.ts";
import { rssKib } from "../process-usage.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const CALLS = 10_000;
const ROUNDS = 3;
/** What the opening left behind is collected meanwhile, in milliseconds. */
const SETTLE_MS = 6_000;
const WAIT_SECONDS = 600;

interface Waited {
  readonly kibEach: number;
  /** From the first decision of the burst to the last answer. */
  readonly allWokenMs: number;
  readonly woken: number;
}

/** Calls that wait on one gateway: what each costs, and that one burst of decisions wakes them all. */
export const waiting: Row = {
  title: `${CALLS.toLocaleString("en")} calls waiting on one gateway`,
  measure: async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using deployment = await startDeployment({ apiRoot: telegram.apiRoot });
    const samples = await inTurns(ROUNDS, {
      gateway: async () => waitOnGateway(deployment, await ask(deployment)),
      floor: () => waitOnFloor(deployment.nats.url),
    });
    const each = samples.gateway.map(({ kibEach }) => kibEach);
    const floorEach = samples.floor.map(({ kibEach }) => kibEach);
    const ratio = medianRatio(each, floorEach);
    const woken = Math.min(...samples.gateway.map((sample) => sample.woken));
    return [
      {
        what: "memory (RSS) for each waiting call",
        measured: `${median(each).toFixed(1)} KiB`,
        floor: `${median(floorEach).toFixed(1)} KiB`,
        ratio,
        target: "≤ 1.25 ×",
        isMet: ratio <= 1.25,
      },
      {
        what: `a burst of ${CALLS.toLocaleString("en")} decisions: calls woken; until the last one`,
        measured: `${woken.toLocaleString("en")}; ${ms(median(samples.gateway.map((sample) => sample.allWokenMs)))}`,
        floor: `${ms(median(samples.floor.map((sample) => sample.allWokenMs)))} (no decisions)`,
        target: "all",
        isMet: woken === CALLS,
      },
    ];
  },
};

/** The questions are asked at another gateway: what that leaves on a heap would be used up by those that wait. */
async function waitOnGateway(
  deployment: Deployment,
  questions: readonly LogEntry<CreatedEvent>[],
): Promise<Waited> {
  const environment = { LOOPGATE_MAX_WAIT_SECONDS: String(WAIT_SECONDS) };
  await using gateway = await deployment.start("gateway", { environment });
  await using bench = await connectBenchBus(deployment.nats.url);
  const calls = questions.map(({ event }) =>
    mcpCall("check_request_status", { request_id: event.subject, wait_seconds: WAIT_SECONDS }),
  );
  return await measure(
    { pid: gateway.pid, url: `${gateway.url}/mcp`, calls, waiting: waitingAt(gateway.url) },
    async () => {
      await inParallel(CALLS, 256, async (n) => {
        const created = questions[n];
        if (created === undefined) return;
        await bench.requests.decide(refOf(created.event), () => ({
          decide: cancellation(created.event, "bench", new Date()),
        }));
      });
    },
  );
}

async function ask(deployment: Deployment): Promise<LogEntry<CreatedEvent>[]> {
  await using gateway = await deployment.start("gateway");
  await using bench = await connectBenchBus(deployment.nats.url);
  const call = mcpCall("request_human_input", { ...question, timeout_seconds: 3_600 });
  const { answers } = await measureLoad(gateway.pid, {
    url: `${gateway.url}/mcp`,
    count: CALLS,
    inFlight: 32,
    call: () => call,
  });
  return await inParallel(CALLS, 64, async (n) => {
    const id = viewIn(answers[n] ?? "").request_id;
    const created = await bench.requests.created({ tenant: DEFAULT_TENANT, id });
    if (created === undefined) throw new Error("a question is not in the log");
    return created;
  });
}

async function waitOnFloor(natsUrl: string): Promise<Waited> {
  await using floor = await startFloor("http-server", { NATS_URL: natsUrl });
  const calls = Array.from({ length: CALLS }, () => mcpCall("wait", {}));
  const waiting = async () => Number(await (await fetch(`${floor.url}/waiting`)).text());
  return await measure({ pid: floor.pid, url: `${floor.url}/mcp/stream`, calls, waiting }, async () => {
    await fetch(`${floor.url}/wake`, { method: "POST" });
  });
}

interface Waiting {
  readonly pid: number;
  readonly url: string;
  readonly calls: readonly Call[];
  readonly waiting: () => Promise<number>;
}

async function measure({ pid, url, calls, waiting }: Waiting, wake: () => Promise<void>): Promise<Waited> {
  await pause(SETTLE_MS);
  const before = rssKib(pid);
  const { answers } = await openCalls(url, calls, waiting);
  await pause(SETTLE_MS);
  const kibEach = (rssKib(pid) - before) / calls.length;
  const start = performance.now();
  const [texts] = await Promise.all([Promise.all(answers), wake()]);
  const woken = texts.filter((text) => /"status":"cancelled"|"text":"done"/.test(text)).length;
  return { kibEach, allWokenMs: performance.now() - start, woken };
}
