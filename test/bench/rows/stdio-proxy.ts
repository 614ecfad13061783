import { FakeTelegram } from "@loopgate/testing";
import { daemonsIn, killDaemonsIn, StdioProxy } from "../../harness/stdio-proxy.ts";
import { temporaryDirectory } from "../../harness/loopgate.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { type Figure, ms, type Row } from "../figure.ts";
import { rssKib } from "../process-usage.ts";
import { median, percentile } from "../statistics.ts";

const ROUNDS = 15;

/** `./loopgate` as an AI application starts it: how long until its first answer, and what it occupies. */
export const front: Row = {
  title: "the stdio front: start to first answer",
  measure: async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using directory = await temporaryDirectory();
    const environment = {
      HOME: directory.path,
      PATH: "/usr/bin:/bin",
      LOOPGATE_DATA_DIR: directory.path,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_CHAT_ID: "7",
      TELEGRAM_API_ROOT: telegram.apiRoot,
    };
    const starts: Start[] = [];
    for (let round = 0; round < ROUNDS; round++) starts.push(await start(directory.path, environment));
    const of = (pick: (start: Start) => number) => starts.map(pick);
    return [
      time(
        "start to first answer, no daemon yet",
        of(({ coldMs }) => coldMs),
        1_000,
      ),
      time(
        "start to first answer, a daemon runs",
        of(({ warmMs }) => warmMs),
      ),
      time(
        "next answer after the daemon was killed",
        of(({ replacedMs }) => replacedMs),
      ),
      { what: "memory of a front", measured: mebibytes(of(({ frontKib }) => frontKib)) },
      { what: "memory of the daemon after its start", measured: mebibytes(of(({ daemonKib }) => daemonKib)) },
    ];
  },
};

interface Start {
  readonly coldMs: number;
  readonly warmMs: number;
  readonly replacedMs: number;
  readonly frontKib: number;
  readonly daemonKib: number;
}

async function start(directory: string, environment: Readonly<Record<string, string>>): Promise<Start> {
  const begun = performance.now();
  await using first = new StdioProxy({ environment });
  await first.ready();
  const cold = performance.now();
  await using second = new StdioProxy({ environment });
  await second.ready();
  const warm = performance.now();
  const [daemon = 0] = daemonsIn(directory);
  const memory = { frontKib: rssKib(second.pid), daemonKib: rssKib(daemon) };
  killDaemonsIn(directory);
  const killed = performance.now();
  await first.ready();
  const replacedMs = performance.now() - killed;
  killDaemonsIn(directory);
  return { coldMs: cold - begun, warmMs: warm - cold, replacedMs, ...memory };
}

function time(what: string, samples: readonly number[], target?: number): Figure {
  const p50 = median(samples);
  const measured = `p50 ${ms(p50)}, p90 ${ms(percentile(samples, 90))}`;
  return target === undefined
    ? { what, measured }
    : { what, measured, target: `< ${ms(target)}`, isMet: p50 < target };
}

const mebibytes = (kib: readonly number[]): string => `${Math.round(median(kib) / 1_024)} MiB`;
