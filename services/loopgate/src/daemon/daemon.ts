import {
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { withTimeout } from "@loopgate/async";
import { stdioCaller } from "@loopgate/gateway";
import { StartupError } from "@loopgate/bus";
import type { InboxServer } from "@loopgate/inbox";
import { type Logger, runService } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { type Embedded, startEmbedded } from "../embedded.ts";
import { withAbsoluteTokenFile } from "../environment.ts";
import { readSettings } from "../settings.ts";
import { type Handshake, handshakeOf } from "../stdio-proxy/handshake.ts";
import { clientHandler, refusingHandler } from "./client-handler.ts";
import { ClientListener } from "./client-listener.ts";

/** How long a daemon that can't start waits to tell a stdio proxy why, in milliseconds. */
const REFUSAL_MS = 5_000;

/**
 * The process that serves all stdio proxies of a data directory, without HTTP, until it is idle or another process should
 * serve the directory.
 */
export async function runDaemon(
  directory: string,
  lock: Disposable,
  environment: Environment,
): Promise<void> {
  const listener = ClientListener.open(directory);
  const settled = withAbsoluteTokenFile(environment);
  const own = () => handshakeOf(settled, "front");
  await runService({
    name: "loopgate",
    settings: () => readSettings(environment),
    refused: (reason) => refuseClients(listener, own(), reason),
    start: async ({ settings, logger, metrics, parts: resources }) => {
      process.chdir(directory);
      resources.use(lock);
      resources.use(rotateLog(join(directory, "daemon.log")));
      const options = { settings, directory, isForeground: false, environment, logger, metrics, resources };
      const embedded = await startEmbedded(options);
      const { bot, gateway, inbox, recipients, inboxPolicy, checks } = embedded;
      if (inbox?.server !== undefined) await listenAgain(inbox.server, directory);
      const newLink = inbox && (() => inbox.newLink());
      resources.use(listener);
      const end = (reason: string) => endDaemon(listener, logger, reason);
      const handOver = () => end("another process takes over this data directory");
      listener.handle(
        clientHandler({ own, bot, gateway, recipients, inboxPolicy, newLink, checks, logger, handOver }),
      );
      const endIdle = () => end("idle: no clients and no open questions");
      resources.use(endWhenIdle(embedded, listener, settings.idleMs, endIdle));
      logger.info({ directory }, "ready");
    },
  });
}

/** Tells one stdio proxy why this daemon can't start; resolves then, or after a timeout. */
async function refuseClients(listener: ClientListener, own: Handshake, reason: string): Promise<void> {
  const refused = Promise.withResolvers<void>();
  listener.handle(refusingHandler(own, reason, refused.resolve));
  await withTimeout(refused.promise, REFUSAL_MS, () => undefined);
}

function endDaemon(listener: ClientListener, logger: Logger, reason: string): void {
  if (!listener.isOpen) return;
  logger.info(reason);
  // A client that was just disconnected must not connect here again.
  listener[Symbol.dispose]();
  process.kill(process.pid, "SIGTERM");
}

/**
 * Listens for browsers on the port of the last time, so that they stay signed in and bookmarks go on; on any other port
 * if another process has taken it.
 */
async function listenAgain(server: InboxServer, directory: string): Promise<void> {
  const file = join(directory, "inbox.port");
  const before = Number(existsSync(file) ? readFileSync(file, "utf8") : 0);
  const listen = (port: number) => server.listen({ host: "127.0.0.1", port });
  const url = await listen(Number.isInteger(before) ? before : 0).catch((error: unknown) => {
    if (error instanceof StartupError) return listen(0);
    throw error;
  });
  writeFileSync(file, new URL(url).port, { mode: 0o600 });
}

const IDLE_CHECK_INTERVAL_MS = 5_000;

/** Calls `end` once no client has been connected for `idleMs`, no question is open, and the log is consumed. */
function endWhenIdle(
  embedded: Pick<Embedded, "bus" | "queries">,
  listener: ClientListener,
  idleMs: number,
  end: () => void,
): Disposable {
  const check = async () => {
    if (listener.unusedForMs < idleMs || (await hasWork(embedded))) return;
    // A client may have connected meanwhile.
    if (listener.unusedForMs > 0) end();
  };
  const interval = Math.min(idleMs, IDLE_CHECK_INTERVAL_MS);
  // After an error the next check decides.
  const timer = setInterval(() => void check().catch(() => undefined), interval);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function hasWork({ bus, queries }: Pick<Embedded, "bus" | "queries">): Promise<boolean> {
  if (!bus.isIdle()) return true;
  const open = await queries.list({ tenant: stdioCaller.tenant, limit: 1 });
  return open.kind !== "page" || open.requests.length > 0 || open.next_cursor !== undefined;
}

const MAX_LOG_BYTES = 5_000_000;
const LOG_CHECK_INTERVAL_MS = 10_000;
const STDERR = 2;

/** Limits the size of the file that stderr is written to: a longer file is copied to `<file>.1` and truncated. */
function rotateLog(file: string): Disposable {
  rotateIfLong(file);
  const timer = setInterval(() => rotateIfLong(file), LOG_CHECK_INTERVAL_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function rotateIfLong(file: string): void {
  const { ino, size } = fstatSync(STDERR);
  if (size <= MAX_LOG_BYTES || statSync(file, { throwIfNoEntry: false })?.ino !== ino) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // On a full disk the old lines are dropped: the next ones matter more.
  }
  ftruncateSync(STDERR);
}
