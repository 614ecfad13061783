import { spawnSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import { FakeTelegram } from "@loopgate/testing";
import { viewFrom } from "../../harness/call.ts";
import { startLoopgate, temporaryDirectory } from "../../harness/loopgate.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { RETENTION_MS } from "../bench-bus.ts";
import { type Figure, ms, perSecond, type Row } from "../figure.ts";
import { inParallel } from "../in-parallel.ts";
import { question } from "../mcp-call.ts";
import { sampleCreated } from "../sample-events.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const STARTS = 7;
const SUBMITS = 20_000;
const IN_FLIGHT = 32;

/** The daemon of one data directory: how soon it answers, and what its log takes. */
export const embedded: Row = {
  title: "embedded: start to first answer; submit at the port",
  measure: async () => [await starts(), await submits()],
};

async function starts(): Promise<Figure> {
  await using telegram = await FakeTelegram.start(botToken);
  const samples = await inTurns(STARTS, {
    loopgate: () => firstAnswer(telegram.apiRoot),
    node: async () => timed(() => spawnSync(process.execPath, ["--eval", ""])),
  });
  const took = median(samples.loopgate);
  return {
    what: "start to the first answered question, empty data directory (p50)",
    measured: ms(took),
    floor: `${ms(median(samples.node))} (Node alone)`,
    target: "< 1 s",
    isMet: took < 1_000,
  };
}

async function firstAnswer(apiRoot: string): Promise<number> {
  await using directory = await temporaryDirectory();
  return await timed(async () => {
    const loopgate = await startLoopgate({ directory: directory.path, apiRoot });
    await viewFrom(loopgate.url, "request_human_input", question);
    return loopgate;
  });
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  const made = await work();
  const took = performance.now() - start;
  if (made instanceof Object && Symbol.asyncDispose in made)
    await (made as AsyncDisposable)[Symbol.asyncDispose]();
  return took;
}

async function submits(): Promise<Figure> {
  const samples = await inTurns(5, { port: submitAtPort, floor: insertInGroups });
  const rate = median(samples.port);
  return {
    what: `submit at the port, ${IN_FLIGHT} in flight, durable`,
    measured: perSecond(rate),
    floor: `${perSecond(median(samples.floor))} (SQLite, ${IN_FLIGHT} rows a commit)`,
    ratio: medianRatio(samples.port, samples.floor),
    target: "≥ 5,000/s",
    isMet: rate >= 5_000,
  };
}

async function submitAtPort(): Promise<number> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "loopgate.db");
  await using bus = await openSqliteBus({
    path,
    retentionMs: RETENTION_MS,
  });
  const requests = new RequestLog({ log: bus.log, retentionMs: RETENTION_MS });
  const start = performance.now();
  await inParallel(SUBMITS, IN_FLIGHT, async () => {
    const created = sampleCreated();
    await requests.submit(created);
  });
  return SUBMITS / ((performance.now() - start) / 1_000);
}

/** The same rows with the same indexes and the same durability, by hand. */
async function insertInGroups(): Promise<number> {
  await using directory = await temporaryDirectory();
  using db = new DatabaseSync(join(directory.path, "floor.db"));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT, msg_id TEXT UNIQUE, event TEXT);
    CREATE INDEX events_by_subject ON events (subject, seq);`);
  const insert = db.prepare("INSERT INTO events (subject, msg_id, event) VALUES (?, ?, ?)");
  const start = performance.now();
  for (let n = 0; n < SUBMITS; n++) {
    if (n % IN_FLIGHT === 0) db.exec("BEGIN IMMEDIATE");
    const created = sampleCreated();
    insert.run(`loopgate.req.v1.default.${created.subject}.created`, created.id, JSON.stringify(created));
    if (n % IN_FLIGHT === IN_FLIGHT - 1) db.exec("COMMIT");
  }
  return SUBMITS / ((performance.now() - start) / 1_000);
}
