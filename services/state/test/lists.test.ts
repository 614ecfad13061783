import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RequestQueries } from "@loopgate/bus";
import { openSqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import { type CreatedEvent, type ListQuery, refOf, type RequestFilter } from "@loopgate/contracts";
import { RequestLog } from "@loopgate/requests";
import { createLogger } from "@loopgate/runtime";
import { aCancellation, aDecision, aQuestion, entriesOf } from "@loopgate/testing/builders";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { RequestStore } from "../src/index.ts";
import { StateQueries } from "../src/queries/state-queries.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { startTestState } from "./entry.ts";

const retentionMs = 90 * 86_400_000;
const base = Date.now();
const at = (second: number) => new Date(base + second * 1_000);

let directory: string;
let requests: RequestLog;
let queries: RequestQueries;
let store: RequestStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "loopgate-lists-"));
  const bus = await openSqliteBus({ path: join(directory, "log.db"), retentionMs });
  requests = new RequestLog({ log: bus.log, retentionMs });
  store = await SqliteRequestStore.open(bus.database);
  const state = await startTestState({ log: bus.log, requests, database: bus.database });
  queries = state.queries;
  onTestFinished(async () => {
    await state[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
});

async function decided(created: CreatedEvent): Promise<CreatedEvent> {
  await requests.submit(created);
  await requests.decide(refOf(created), () => ({ decide: aDecision(created) }));
  return created;
}

async function pending(created: CreatedEvent): Promise<CreatedEvent> {
  await requests.submit(created);
  return created;
}

/** The ids of all pages, and how many pages. */
async function listed(filter: Omit<ListQuery, "tenant" | "limit">, limit = 2) {
  const ids: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; ;) {
    const reply = await queries.list({ tenant: "default", limit, ...filter, cursor });
    if (reply.kind !== "page") throw new Error(reply.kind);
    ids.push(...reply.requests.map(({ view }) => view.request_id));
    pages += 1;
    cursor = reply.next_cursor;
    if (cursor === undefined) return { ids, pages };
  }
}

const idsOf = (questions: readonly CreatedEvent[]) => questions.map(({ subject }) => subject);
const countOf = (filter: Omit<RequestFilter, "tenant">) => queries.count({ tenant: "default", ...filter });

describe("a list by status", () => {
  it("is newest first, unless it has only pending requests or an order is given", async () => {
    const open = [await pending(aQuestion({ at: at(1) })), await pending(aQuestion({ at: at(3) }))];
    const done = [await decided(aQuestion({ at: at(0) })), await decided(aQuestion({ at: at(2) }))];
    const [all, newestFirst] = [idsOf([done[0]!, open[0]!, done[1]!, open[1]!]), idsOf(done.toReversed())];

    expect(await listed({})).toEqual({ ids: idsOf(open), pages: 1 });
    expect((await listed({ status: ["decided"] })).ids).toEqual(newestFirst);
    expect((await listed({ status: ["decided"], order: "asc" })).ids).toEqual(idsOf(done));
    expect(await listed({ status: ["pending", "decided"] }, 3)).toEqual({ ids: all.toReversed(), pages: 2 });
    expect((await listed({ order: "desc" })).ids).toEqual(idsOf(open.toReversed()));
  });

  it("shows a decision that the store does not have yet, where its status is asked for", async () => {
    const created = await decided(aQuestion());
    const database = SqliteDatabase.open(join(directory, "behind.db"));
    const behind = await SqliteRequestStore.open(database);
    await behind.merge(entriesOf(created));
    const projection = { waitForCatchUp: async () => false };
    const logger = createLogger("state-test", "silent");
    const late = new StateQueries({ requests, projection, store: behind, logger, now: () => new Date() });
    const query = { tenant: "default", limit: 9 } as const;

    expect(await late.list({ ...query, order: "desc" })).toEqual({ kind: "page", requests: [] });
    expect(await late.list({ ...query, status: ["pending", "decided"] })).toMatchObject({
      requests: [{ view: { request_id: created.subject, status: "decided", outcome: "approved" } }],
    });
    await database[Symbol.asyncDispose]();
  });
});

describe("a list for people", () => {
  const forPeople = (...responders: string[]) =>
    aQuestion({ recipients: [{ channel: "web", endpoint: "web_inbox", responders }] });

  it("has what one of their principals may answer, each request once", async () => {
    const ours = await pending(forPeople("web:alice", "group:ops"));
    await pending(forPeople("web:bob"));
    expect((await listed({ principals: ["web:alice", "group:ops"] })).ids).toEqual([ours.subject]);
    expect(await countOf({ principals: ["web:alice", "group:ops"] })).toEqual({ count: 1, is_exact: true });
  });

  it("is empty for a person without principals", async () => {
    await pending(forPeople("web:alice"));
    expect((await listed({ principals: [] })).ids).toEqual([]);
    expect(await countOf({ principals: [] })).toEqual({ count: 0, is_exact: true });
  });
});

describe("a cursor", () => {
  const filters: readonly Omit<ListQuery, "tenant" | "limit">[] = [
    {},
    { status: ["decided", "pending"] },
    { status: ["decided"] },
    { principals: ["telegram:7"] },
    { principals: ["telegram:7", "web:alice"] },
    { outcome: "approved", status: ["decided"] },
    { created_after: at(-100).toISOString() },
    { order: "desc" },
    { q: "m" },
  ];

  it("is valid for its own filter and order, and for no other", async () => {
    for (let second = 0; second < 3; second++) {
      await pending(aQuestion({ at: at(second) }));
      await decided(aQuestion({ at: at(second) }));
    }
    const cursors = await Promise.all(
      filters.map(async (filter) => {
        const reply = await queries.list({ tenant: "default", limit: 1, ...filter });
        return reply.kind === "page" ? reply.next_cursor : undefined;
      }),
    );
    for (const [index, cursor] of cursors.entries()) {
      expect(cursor, JSON.stringify(filters[index])).toBeDefined();
      for (const [other, filter] of filters.entries()) {
        const { kind } = await queries.list({ tenant: "default", limit: 2, ...filter, cursor });
        expect(kind, `${index} ${other}`).toBe(index === other ? "page" : "invalid_cursor");
      }
    }
  });

  it("does not depend on the order in which a filter names values", async () => {
    for (let second = 0; second < 3; second++) await pending(aQuestion({ at: at(second) }));
    const first = await queries.list({ tenant: "default", limit: 1, principals: ["a", "telegram:7"] });
    if (first.kind !== "page") throw new Error(first.kind);
    const query = { tenant: "default", limit: 1, principals: ["telegram:7", "a"], cursor: first.next_cursor };
    expect(await queries.list(query)).toMatchObject({ kind: "page", requests: [{}] });
  });
});

describe("a filter", () => {
  it("takes times in any form of RFC 3339", async () => {
    const created = await pending(aQuestion({ at: new Date("2026-11-30T10:00:00Z") }));
    const found = (filter: Pick<ListQuery, "created_after" | "created_before">) => listed(filter);
    expect((await found({ created_after: "2026-11-30T10:00:00Z" })).ids).toEqual([created.subject]);
    expect((await found({ created_after: "2026-11-30T12:00:00.000+02:00" })).ids).toEqual([created.subject]);
    expect((await found({ created_after: "2026-11-30T10:00:00.001Z" })).ids).toEqual([]);
    expect((await found({ created_before: "2026-11-30T10:00:00Z" })).ids).toEqual([]);
    expect((await found({ created_before: "2026-11-30T10:00:00.001Z" })).ids).toEqual([created.subject]);
  });

  it("with blank words finds all, and with nothing but signs finds nothing", async () => {
    const created = await pending(aQuestion());
    expect((await listed({ q: "  " })).ids).toEqual([created.subject]);
    expect((await listed({ q: "--- ?" })).ids).toEqual([]);
  });
});

it("counts to a thousand, and says whether that is all", async () => {
  const fill = async (count: number) =>
    store.merge(Array.from({ length: count }, () => entriesOf(aQuestion())).flat());
  await fill(1_000);
  expect(await countOf({})).toEqual({ count: 1_000, is_exact: true });
  await fill(1);
  expect(await countOf({})).toEqual({ count: 1_000, is_exact: false });
  expect(await countOf({ principals: ["telegram:7"] })).toEqual({ count: 1_000, is_exact: false });
  const cancelled = aQuestion();
  await store.merge(entriesOf(cancelled, aCancellation(cancelled)));
  expect(await countOf({ status: ["cancelled"] })).toEqual({ count: 1, is_exact: true });
});
