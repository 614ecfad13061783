import { DEFAULT_TENANT, type ListReply } from "@loopgate/contracts";
import { startMongoServer } from "@loopgate/testing";
import { Archive } from "../archive.ts";
import { type Figure, ms, type Row } from "../figure.ts";
import { inTurns, median, medianRatio, percentile } from "../statistics.ts";

const FEW = 1_000;
const PAGE = 20;
const LOOKS = 200;
const ROUNDS = 5;
const TARGET = 1.2;

const verbs = ["status", "list", "mine", "ended", "cancel"] as const;
type Verb = (typeof verbs)[number];

/** What `state` answers must not take longer because much is stored. */
export const stored: Row = {
  title: "status, list pages and cancel, by how many requests the log and MongoDB hold",
  measure: async ({ stored: many }) => {
    await using mongo = await startMongoServer();
    if (mongo === undefined) throw new Error("this row needs MongoDB");
    await using small = await Archive.filled(mongo, FEW);
    await using large = await Archive.filled(mongo, many);
    const figures: Figure[] = [];
    for (const verb of verbs) {
      const measures = { small: () => latencies(small, verb), large: () => latencies(large, verb) };
      await inTurns(1, measures);
      figures.push(figure(verb, many, await inTurns(ROUNDS, measures)));
    }
    return figures;
  },
};

async function latencies(archive: Archive, verb: Verb): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const query = await queryOf(archive, verb);
    const start = performance.now();
    await query();
    taken.push(performance.now() - start);
  }
  return taken;
}

async function queryOf(archive: Archive, verb: Verb): Promise<() => Promise<unknown>> {
  const { queries, ids, pending, principals } = archive;
  const page = { tenant: DEFAULT_TENANT, limit: PAGE } as const;
  const from = pending[PAGE + Math.floor(Math.random() * (pending.length - 2 * PAGE))];
  switch (verb) {
    case "status": {
      const id = ids[Math.floor(Math.random() * ids.length)] ?? "";
      return () => expectKind(queries.status({ tenant: DEFAULT_TENANT, id }), "found");
    }
    case "list": {
      const cursor = Buffer.from(JSON.stringify([from?.time, from?.subject])).toString("base64url");
      return () => expectKind(queries.list({ ...page, cursor }), "page");
    }
    case "mine":
      return () => expectPage(queries.list({ ...page, principals, created_after: from?.time }));
    case "ended":
      return () => expectPage(queries.list({ ...page, status: ["cancelled"], created_before: from?.time }));
    case "cancel": {
      const ref = await archive.ask();
      return () => expectKind(queries.cancel(ref), "cancelled");
    }
  }
}

async function expectPage(reply: Promise<ListReply>): Promise<void> {
  const given = await reply;
  const found = given.kind === "page" ? given.requests.length : 0;
  if (found !== PAGE) throw new Error(`${found} requests instead of ${PAGE}`);
}

async function expectKind(reply: Promise<{ readonly kind: string }>, kind: string): Promise<void> {
  const given = await reply;
  if (given.kind !== kind) throw new Error(`${given.kind} instead of ${kind}`);
}

interface Samples {
  readonly small: readonly (readonly number[])[];
  readonly large: readonly (readonly number[])[];
}

function figure(verb: Verb, many: number, { small, large }: Samples): Figure {
  const ratio = medianRatio(large.map(median), small.map(median));
  const both = (samples: readonly (readonly number[])[]) =>
    `p50 ${ms(median(samples.map(median)))}, p99 ${ms(percentile(samples.flat(), 99))}`;
  return {
    what: `${verb} with ${many.toLocaleString("en")} requests stored, beside ${FEW.toLocaleString("en")}`,
    measured: both(large),
    floor: both(small),
    ratio,
    target: `≤ ${TARGET} ×`,
    isMet: ratio <= TARGET,
  };
}
