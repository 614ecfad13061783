import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import { DEFAULT_TENANT, type ListQuery, type ListReply } from "@loopgate/contracts";
import { RequestLog } from "@loopgate/requests";
import { createLogger } from "@loopgate/runtime";
import { SqliteRequestStore } from "@loopgate/state/sqlite";
import { StateQueries } from "@loopgate/state/testing";
import { aCancellation, aQuestion, entriesOf } from "@loopgate/testing/builders";
import { type Figure, ms, type Row } from "../figure.ts";
import { inTurns, median, medianRatio, percentile } from "../statistics.ts";

const FEW = 1_000;
const PAGE = 20;
const LOOKS = 200;
const ROUNDS = 5;
const BATCH = 500;
const TARGET = 1.2;

/** Every fourth request is pending, and every other one asks the person: a page is full at any number of requests. */
const PENDING_EVERY = 4;
const GROUPS = 2;

const retentionMs = 90 * 86_400_000;
const start = Date.now();

const at = (n: number) => new Date(start + n);

/** Pages in one process over SQLite must not take longer because much is stored. Words are measured, not promised. */
export const lists: Row = {
  title: "list pages of one process, by how many requests SQLite holds",
  measure: async ({ stored: many }) => {
    await using small = await filled(FEW);
    await using large = await filled(many);
    const figures: Figure[] = [];
    for (const [name, queryOf] of Object.entries(pages)) {
      const measureOf = (archive: SqliteArchive) => () => latencies(archive, queryOf);
      const measures = { small: measureOf(small), large: measureOf(large) };
      await inTurns(1, measures);
      figures.push(figureOf(name, many, await inTurns(ROUNDS, measures)));
    }
    return figures;
  },
};

/** Pages from a random request on. */
const pages: Readonly<Record<string, (count: number) => Partial<ListQuery>>> = {
  "pending, of a person": (count) => ({
    principals: ["group:1", "web:me"],
    created_after: randomTime(count),
  }),
  "ended, newest first": (count) => ({ status: ["cancelled"], created_before: randomTime(count) }),
  "ended, of a person": (count) => ({
    status: ["cancelled"],
    principals: ["group:1", "web:me"],
    created_before: randomTime(count),
  }),
  "with a word": (count) => ({
    status: ["cancelled", "pending"],
    q: `build-${Math.floor(Math.random() * count)}`,
  }),
};

/** Leaves room for a page on both sides. */
function randomTime(count: number): string {
  const room = count / 4;
  return at(room + Math.floor(Math.random() * (count - 2 * room))).toISOString();
}

interface SqliteArchive extends AsyncDisposable {
  readonly queries: StateQueries;
  readonly count: number;
}

async function filled(count: number): Promise<SqliteArchive> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "loopgate-lists-"));
  parts.defer(() => rm(directory, { recursive: true }));
  const bus = parts.use(await openSqliteBus({ path: join(directory, "loopgate.db"), retentionMs }));
  const store = await SqliteRequestStore.open(bus.database);
  for (let from = 0; from < count; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => from + n);
    await store.merge(numbers.flatMap(lifeOf));
  }
  const requests = new RequestLog({ log: bus.log, retentionMs });
  const projection = { waitForCatchUp: async () => true };
  const logger = createLogger("bench", "silent");
  const queries = new StateQueries({ requests, projection, store, logger, now: () => new Date() });
  const whole = parts.move();
  return { queries, count, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

function lifeOf(n: number) {
  const recipients = [{ channel: "web", endpoint: "web_inbox", responders: [`group:${n % GROUPS}`] }];
  const created = aQuestion({
    at: at(n),
    message: `Deploy build-${n} to production?`,
    recipients,
    timeoutMs: 86_400_000,
  });
  const isPending = Math.floor(n / GROUPS) % PENDING_EVERY === 0;
  return entriesOf(...(isPending ? [created] : [created, aCancellation(created)]));
}

async function latencies(
  { queries, count }: SqliteArchive,
  queryOf: (count: number) => Partial<ListQuery>,
): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const query = { tenant: DEFAULT_TENANT, limit: PAGE, ...queryOf(count) };
    const began = performance.now();
    expectRequests(await queries.list(query));
    taken.push(performance.now() - began);
  }
  return taken;
}

function expectRequests(reply: ListReply): void {
  if (reply.kind !== "page" || reply.requests.length === 0) throw new Error("an empty page");
}

interface Samples {
  readonly small: readonly (readonly number[])[];
  readonly large: readonly (readonly number[])[];
}

function figureOf(name: string, many: number, { small, large }: Samples): Figure {
  const ratio = medianRatio(large.map(median), small.map(median));
  const both = (samples: readonly (readonly number[])[]) =>
    `p50 ${ms(median(samples.map(median)))}, p99 ${ms(percentile(samples.flat(), 99))}`;
  const what = `page ${name}, with ${many.toLocaleString("en")} requests stored, beside ${FEW.toLocaleString("en")}`;
  const measured = { what, measured: both(large), floor: both(small), ratio };
  return name.includes("word") ? measured : { ...measured, target: `≤ ${TARGET} ×`, isMet: ratio <= TARGET };
}
