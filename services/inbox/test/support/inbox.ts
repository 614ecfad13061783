import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { openSqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import { type CreatedEvent, tagOf } from "@loopgate/contracts";
import { RequestLog } from "@loopgate/requests";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { webPolicy } from "@loopgate/settings/web";
import { startTestState } from "@loopgate/state/testing";
import { InboxPage } from "@loopgate/testing";
import { aQuestion, type QuestionOptions } from "@loopgate/testing/builders";
import { failingQueries } from "@loopgate/testing/faults";
import {
  createInboxServer,
  inboxBuckets,
  type InboxServerOptions,
  invitedProfile,
  People,
} from "../../src/index.ts";

const RETENTION_MS = 90 * 86_400_000;

/** A question that the log holds, and what a page needs to answer it. */
export interface Asked {
  readonly created: CreatedEvent;
  readonly id: string;
  readonly tag: string;
}

/** An inbox on a port of its own, over the embedded adapters and the real state service. */
export interface TestInbox extends AsyncDisposable {
  readonly url: string;
  readonly requests: RequestLog;
  readonly people: People;
  /** The link to `state`. While it is cut, queries fail as if the service were stopped. */
  readonly state: { isReachable: boolean };
  /** Its log lines so far. */
  readonly lines: readonly string[];
  /** A link that signs a person in once. */
  invite(name: string, ...groups: readonly string[]): Promise<string>;
  /** Signs a person in, as `web:<name>@example.com`. */
  signIn(name: string, ...groups: readonly string[]): Promise<InboxPage>;
  /** Asks the principals. */
  ask(responders: readonly string[], question?: QuestionOptions): Promise<Asked>;
}

export const profileOf = (name: string, groups: readonly string[] = []) =>
  invitedProfile({ address: `${name}@example.com`, name, groups });

export async function startInbox(options: Partial<InboxServerOptions> = {}): Promise<TestInbox> {
  const parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "loopgate-inbox-"));
  parts.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
  const logger = createLogger("test", "debug", sink);
  const metrics = createMetrics();
  const bus = parts.use(await openSqliteBus({ path: join(directory, "bus.db"), retentionMs: RETENTION_MS }));
  const { log, timers } = bus;
  const requests = new RequestLog({ log, retentionMs: RETENTION_MS });
  const database = parts.use(SqliteDatabase.open(join(directory, "store.db")));
  const service = parts.use(await startTestState({ log, timers, requests, database, logger, metrics }));
  const state = { isReachable: true };
  const buckets = await inboxBuckets(bus.keyValue);
  const server = parts.use(
    await createInboxServer({
      requests,
      queries: failingQueries(service.queries, () => !state.isReachable),
      buckets,
      policy: webPolicy(["web:alice@example.com", "web:bob@example.com", "group:deployers"]),
      signInHint: "ask the operator for a new link.",
      allowedHosts: [],
      checks: [],
      logger,
      metrics,
      ...options,
    }),
  );
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const invite = (name: string, ...groups: readonly string[]) =>
    server.inbox.newLink({ profile: profileOf(name, groups), auth: "link" });
  return {
    url,
    requests,
    people: new People(buckets.people),
    state,
    lines,
    invite,
    signIn: async (...invited) => InboxPage.open(await invite(...invited)),
    ask: async (responders, question = {}) => {
      const recipients = [{ channel: "web", endpoint: "web_inbox", responders: [...responders] }];
      const created = aQuestion({ recipients, ...question });
      await requests.submit(created);
      return { created, id: created.subject, tag: tagOf(created) };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
