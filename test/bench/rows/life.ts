import { startNatsServer } from "@loopgate/testing";
import { type Deployment, startDeployment } from "../../harness/deployment.ts";
import { type Figure, ms, perSecond, type Row } from "../figure.ts";
import { startBareLife } from "../floors/bare-life.ts";
import { startFloor } from "../floors/start-floor.ts";
import { measureLoad } from "../load.ts";
import { mcpCall, question } from "../mcp-call.ts";
import { countMessages } from "../message-counts.ts";
import { people } from "../people.ts";
import { startAtAnyRate } from "../start-at-any-rate.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const CHATS = 512;
const COUNT = 2_000;
const BARE_COUNT = 6_000;
const ROUNDS = 4;
const TARGET = 0.6;

/** From an agent's question to its answer, through all services, in many chats at a time. */
export const life: Row = {
  title: "submit → decided → woken, distributed, with a Telegram that answers at once",
  measure: async () => {
    await using telegram = await startFloor("null-telegram", {});
    const { chats, environment, register, session } = people(CHATS);
    await using deployment = await startDeployment({ apiRoot: telegram.url, environment });
    const { gateway } = await startAtAnyRate(deployment);
    await register(gateway.url);
    await using nats = await startNatsServer();
    if (nats === undefined) throw new Error("this row needs NATS");
    await using bare = await startBareLife(nats.url);
    const calls = chats.map((chat) =>
      mcpCall("request_human_input", { ...question, session_id: session(chat), wait_seconds: 50 }),
    );
    const load = (count: number, inFlight: number) =>
      measureLoad(gateway.pid, {
        url: `${gateway.url}/mcp`,
        count,
        inFlight,
        call: (n) => calls[n % CHATS] ?? mcpCall("", {}),
      });
    const figures: Figure[] = [];
    for (const inFlight of [1, 32, 256]) {
      const share = inFlight === 1 ? 0.1 : 1;
      const measures = {
        loopgate: () => load(COUNT * share, inFlight),
        bare: () => bare.measure(BARE_COUNT * share, inFlight),
      };
      await inTurns(1, measures);
      figures.push(figure(inFlight, await inTurns(ROUNDS, measures)));
    }
    return [...figures, ...(await messages(deployment, () => load(COUNT, 32)))];
  },
};

interface Lives {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function figure(
  inFlight: number,
  { loopgate, bare }: { readonly loopgate: readonly Lives[]; readonly bare: readonly Lives[] },
): Figure {
  const rate = (lives: Lives) => lives.perSecond;
  const ratio = medianRatio(loopgate.map(rate), bare.map(rate));
  const summary = (lives: readonly Lives[]) =>
    `${perSecond(median(lives.map(rate)))}, p50 ${ms(median(lives.map(({ p50Ms }) => p50Ms)))}, p99 ${ms(median(lives.map(({ p99Ms }) => p99Ms)))}`;
  return {
    what: `submit → decided → woken, ${inFlight} in flight`,
    measured: summary(loopgate),
    floor: `${summary(bare)} (bare JetStream, same writes)`,
    ratio,
    target: `≥ ${TARGET} ×`,
    isMet: ratio >= TARGET,
  };
}

async function messages({ nats }: Deployment, live: () => Promise<unknown>): Promise<readonly Figure[]> {
  const before = await countMessages(nats.url);
  await live();
  const after = await countMessages(nats.url);
  const inRequests = (after.requests - before.requests) / COUNT;
  const inAll = (after.all - before.all) / COUNT;
  return [
    {
      what: "messages of one request in LOOPGATE_REQUESTS",
      measured: inRequests.toFixed(2),
      target: "≤ 3",
      isMet: inRequests <= 3.01,
    },
    {
      what: "messages of one request in all streams",
      measured: inAll.toFixed(2),
      target: "≤ 6",
      isMet: inAll <= 6.1,
    },
  ];
}
