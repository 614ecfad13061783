import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Writable } from "node:stream";
import { createLogger, createMetrics, type Metrics } from "@loopgate/runtime";
import { FakeTelegram, InboxPage } from "@loopgate/testing";
import { readSettings, startEmbedded } from "../../src/index.ts";

/** A bot token that only tests use: if an output contains it, it leaked. */
export const token = "7000000042:AAcanaryTokenOfTheTests_0123456789abcd";

/** The default chat, and the id of its person. */
export const chat = 7_000_123;

/** All services in this process over one file, with a fake Telegram. */
export interface TestEmbedded extends AsyncDisposable {
  readonly url: string;
  /** A link that signs the owner, Sam, in to the inbox once. */
  newLink(): Promise<string>;
  /** Signs the owner in to the inbox. */
  signIn(): Promise<InboxPage>;
  readonly telegram: FakeTelegram;
  readonly metrics: Metrics;
  /** Its log lines so far, from level `debug`. */
  readonly lines: readonly string[];
  /** All events in its event log. */
  events(): readonly LoggedEvent[];
  /** The current content of `/metrics`. */
  scrape(): Promise<string>;
}

interface LoggedEvent {
  readonly type: string;
  readonly subject: string;
  readonly traceparent?: string;
}

export async function startTestEmbedded(given: Readonly<Record<string, string>> = {}): Promise<TestEmbedded> {
  const parts = new AsyncDisposableStack();
  const telegram = parts.use(await FakeTelegram.start(token));
  const own = await mkdtemp(join(tmpdir(), "loopgate-embedded-"));
  parts.defer(() => rm(own, { recursive: true, force: true, maxRetries: 5 }));
  const { LOOPGATE_DATA_DIR: directory = own } = given;
  const environment = {
    HOME: directory,
    USER: "Sam",
    LOOPGATE_DATA_DIR: directory,
    SERVER_PORT: "0",
    TELEGRAM_BOT_TOKEN: token,
    TELEGRAM_CHAT_ID: String(chat),
    TELEGRAM_API_ROOT: telegram.apiRoot,
    LOOPGATE_MIN_TIMEOUT_SECONDS: "1",
    ...given,
  };
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
  const logger = createLogger("test", "debug", sink);
  const settings = await readSettings(environment);
  const metrics = createMetrics();
  const options = { settings, directory, isForeground: true, environment, logger, metrics, resources: parts };
  const { gateway, inbox } = await startEmbedded(options);
  const url = await gateway.listen(settings.listen);
  inbox?.isServedAt(url);
  const newLink = async () => (await inbox?.newLink()) ?? "";
  return {
    url,
    newLink,
    signIn: async () => InboxPage.open(await newLink()),
    telegram,
    metrics,
    lines,
    events: () => eventsIn(join(directory, "loopgate.db")),
    scrape: async () => (await fetch(`${url}/metrics`)).text(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function eventsIn(file: string): readonly LoggedEvent[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT event FROM events ORDER BY seq").all();
    return rows.map(({ event }) => JSON.parse(String(event)) as LoggedEvent);
  } finally {
    database.close();
  }
}
