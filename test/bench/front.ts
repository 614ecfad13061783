// `node test/bench/front.ts [rounds]`: from the start of `./loopgate` to its first answer, as an AI application feels it.
import { readFileSync } from "node:fs";
import { FakeTelegram } from "@loopgate/testing";
import { daemonsIn, Front, killDaemonsIn } from "../harness/front.ts";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const rounds = Number(process.argv[2] ?? 15);

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
const times = { cold: [] as number[], warm: [] as number[], replaced: [] as number[] };
const memory = { front: [] as number[], daemon: [] as number[] };

for (let round = 0; round < rounds; round++) {
  killDaemonsIn(directory.path);
  const coldStart = performance.now();
  await using first = new Front({ environment });
  await first.ready();
  const warmStart = performance.now();
  times.cold.push(warmStart - coldStart);
  await using second = new Front({ environment });
  await second.ready();
  times.warm.push(performance.now() - warmStart);
  memory.front.push(megabytes(second.pid));
  memory.daemon.push(...daemonsIn(directory.path).map(megabytes));
  killDaemonsIn(directory.path);
  const killed = performance.now();
  await first.ready();
  times.replaced.push(performance.now() - killed);
}
killDaemonsIn(directory.path);
report("start to first answer, no daemon yet", times.cold, "ms");
report("start to first answer, daemon runs", times.warm, "ms");
report("answer of a front whose daemon was just killed", times.replaced, "ms");
report("memory of a front", memory.front, "MB");
report("memory of the daemon after its start", memory.daemon, "MB");
process.exit(0);

/** Resident memory; Linux only. */
function megabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1_024;
}

function report(what: string, samples: readonly number[], unit: string): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  process.stdout.write(
    `${what.padEnd(48)} p50 ${at(0.5)} ${unit}, p90 ${at(0.9)} ${unit} of ${sorted.length}\n`,
  );
}
