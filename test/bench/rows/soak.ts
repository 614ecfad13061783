import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { FakeTelegram, person, type ShownMessage } from "@loopgate/testing";
import { viewFrom } from "../../harness/call.ts";
import { startDeployment } from "../../harness/deployment.ts";
import { startLoopgate, temporaryDirectory } from "../../harness/loopgate.ts";
import { botToken } from "../../harness/secret-scan.ts";
import type { ServiceProcess } from "../../harness/service-process.ts";
import type { Figure, Row } from "../figure.ts";
import { inParallel } from "../in-parallel.ts";
import { mcpCall, question, viewIn } from "../mcp-call.ts";
import { measureLoad } from "../load.ts";
import { people } from "../people.ts";

const CHATS = 100;
/** How many questions are open at a time: few and many in turns. */
const OPEN = [500, 3_000];
/** Every tenth question is not answered: it ends by itself, after so many seconds. */
const SHORT_TIMEOUT_SECONDS = 60;
const UNANSWERED = "(not to be answered)";
const SETTLE_MS = 5_000;
const LOOK_EVERY_MS = 250;
const MIB = 2 ** 20;

const importOf = (file: string) => `--import=${fileURLToPath(new URL(`../${file}`, import.meta.url))}`;

/** One topology that lives through the whole run. */
interface Soaked extends AsyncDisposable {
  readonly name: string;
  readonly telegram: FakeTelegram;
  readonly url: string;
  readonly processes: Readonly<Record<string, ServiceProcess>>;
  readonly samples: Sample[];
}

interface Sample {
  readonly open: number;
  /** Bytes after a collection, by process. */
  readonly heap: Readonly<Record<string, number>>;
}

const { chats, environment: allowed, register, session } = people(CHATS);
const environment = {
  ...allowed,
  LOG_LEVEL: "error",
  LOOPGATE_MAX_OPEN_PER_CLIENT: "1000000",
  NODE_OPTIONS: `${importOf("any-rate.ts")} ${importOf("heap-on-signal.ts")}`,
};

/** Questions are opened and ended again and again: memory has to follow what is open, and to come back. */
export const soak: Row = {
  title: "an hour of opening and ending questions: memory follows what is open",
  isLong: true,
  measure: async ({ minutes }) => {
    await using worlds = new AsyncDisposableStack();
    const soaked = [worlds.use(await startEmbedded()), worlds.use(await startDistributed())];
    for (const { url } of soaked) await register(url);
    const end = performance.now() + minutes * 60_000;
    let cycles = 0;
    do {
      const count = OPEN[cycles % OPEN.length] ?? 0;
      for (const world of soaked) await openAndEnd(world, count);
      cycles += 1;
      process.stderr.write(`${cycles} cycles: ${soaked.map(lastHeaps).join("; ")}\n`);
    } while (performance.now() < end || cycles < 2 * OPEN.length);
    return soaked.flatMap((world) => Object.keys(world.processes).flatMap((name) => figuresOf(world, name)));
  },
};

async function openAndEnd(world: Soaked, count: number): Promise<void> {
  const { telegram, url, processes, samples } = world;
  const before = telegram.chats.messages.length;
  const { answers } = await measureLoad(Object.values(processes)[0]?.pid ?? 0, {
    url: `${url}/mcp`,
    count,
    inFlight: 16,
    call: (n) =>
      mcpCall("request_human_input", {
        ...question,
        session_id: session(chats[n % CHATS] ?? 0),
        timeout_seconds: 86_400,
        ...(n % 10 === 9 && { message: UNANSWERED, timeout_seconds: SHORT_TIMEOUT_SECONDS }),
      }),
  });
  const ids = answers.map((answer) => viewIn(answer).request_id);
  const shown = () => telegram.chats.messages.slice(before);
  // One that ends by itself may end before it is sent.
  await until(() => shown().filter(isToBeAnswered).length >= count * 0.9);
  samples.push({ open: count, heap: await heapsOf(processes) });

  await inParallel(count, 8, async (n) => {
    const request_id = ids[n] ?? "";
    if (n % 10 === 8) await viewFrom(url, "cancel_request", { request_id });
  });
  for (const message of shown()) if (isToBeAnswered(message)) press(telegram, message);
  await until(() => shown().every(({ buttons }) => buttons.length === 0));
  await inParallel(count, 8, async (n) => {
    const view = await viewFrom(url, "check_request_status", { request_id: ids[n] ?? "" });
    if (view.status === "pending") throw new Error(`${ids[n]} is still pending`);
  });
  samples.push({ open: 0, heap: await heapsOf(processes) });
}

const isToBeAnswered = ({ text }: ShownMessage) => !text.includes(UNANSWERED);

function press(telegram: FakeTelegram, message: ShownMessage): void {
  if (message.buttons.length > 0) telegram.press(person(Number(message.chat)), message, "Approve");
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(LOOK_EVERY_MS);
}

async function heapsOf(processes: Soaked["processes"]): Promise<Record<string, number>> {
  await pause(SETTLE_MS);
  const heaps: Record<string, number> = {};
  for (const [name, process] of Object.entries(processes)) heaps[name] = await heapOf(process);
  return heaps;
}

async function heapOf(service: ServiceProcess): Promise<number> {
  const before = service.output().length;
  process.kill(service.pid, "SIGWINCH");
  let line: string | undefined;
  await until(() => (line = /memory: (\{.*\})\n/.exec(service.output().slice(before))?.[1]) !== undefined);
  const { heapUsed, external } = JSON.parse(line ?? "{}") as { heapUsed: number; external: number };
  return heapUsed + external;
}

function figuresOf({ name, samples }: Soaked, process: string): Figure[] {
  return [0, ...OPEN].map((open) => {
    const heaps = samples.filter((sample) => sample.open === open).map(({ heap }) => heap[process] ?? 0);
    // The first cycle fills caches and compiles code.
    const [first = 0, last = 0] = [heaps[open === 0 ? 1 : 0], heaps.at(-1)];
    const ratio = last / first;
    const asked = samples.reduce((sum, sample) => sum + sample.open, 0);
    return {
      what: `${name}, ${process}: heap with ${open} open, at first → after ${asked} questions`,
      measured: `${mib(first)} → ${mib(last)} MiB`,
      ratio,
      target: "≤ 1.2 ×",
      isMet: ratio <= 1.2,
    };
  });
}

const mib = (bytes: number) => (bytes / MIB).toFixed(1);

const lastHeaps = ({ name, samples }: Soaked) =>
  `${name} ${samples
    .slice(-2)
    .map(({ open, heap }) => `${open} open: ${Object.values(heap).map(mib).join("/")} MiB`)
    .join(", ")}`;

async function startEmbedded(): Promise<Soaked> {
  const parts = new AsyncDisposableStack();
  const telegram = parts.use(await FakeTelegram.start(botToken));
  const directory = parts.use(await temporaryDirectory());
  const { apiRoot } = telegram;
  const loopgate = parts.use(await startLoopgate({ directory: directory.path, apiRoot, environment }));
  return {
    name: "embedded",
    telegram,
    url: loopgate.url,
    processes: { loopgate },
    samples: [],
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function startDistributed(): Promise<Soaked> {
  const parts = new AsyncDisposableStack();
  const telegram = parts.use(await FakeTelegram.start(botToken));
  const deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot, environment }));
  const [gateway, notifier, state] = await Promise.all([
    deployment.start("gateway"),
    deployment.start("notifier"),
    deployment.start("state"),
  ]);
  return {
    name: "distributed",
    telegram,
    url: gateway.url,
    processes: { gateway, notifier, state },
    samples: [],
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
