import { setTimeout as pause } from "node:timers/promises";
import { DEFAULT_TENANT, receivedSubject, type ReceivedEvent, timestamp } from "@loopgate/contracts";
import type { EventLog, Subscription } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { Update } from "@grammyjs/types";
import { type Api, GrammyError } from "grammy";
import { grammySignal } from "./bot-api.ts";

/** What Telegram is asked to deliver; the rest it may throw away. */
const ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"] as const;
const POLL_SECONDS = 25;
/** A call that hangs longer is cut: a wedged connection would lose presses, which live 150 s. */
const HARD_STOP_MS = 35_000;
const LONGEST_PAUSE_MS = 15_000;

export interface PollerParts {
  readonly api: Api;
  readonly bot: string;
  readonly log: EventLog;
  readonly logger: Logger;
}

export interface Poller extends Subscription {
  /** Resolves while polling works; rejects with why it does not. */
  check(): Promise<void>;
}

/**
 * Long polling with "store, then confirm": an update is in the log before the next call's offset tells Telegram to forget
 * it, so that a crash between the two repeats an update and never loses one.
 */
export function startPoller(parts: PollerParts): Poller {
  const stop = new AbortController();
  const state = { problem: undefined as string | undefined };
  const running = poll(parts, state, stop.signal);
  return {
    check: async () => {
      if (state.problem !== undefined) throw new Error(state.problem);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function poll(
  parts: PollerParts,
  state: { problem: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { api, logger } = parts;
  let offset: number | undefined;
  let wait = 0;
  while (!signal.aborted) {
    try {
      const updates = await receive(api, offset, signal);
      // Together: they share a commit, and a batch that was not stored whole is not confirmed at all.
      await Promise.all(updates.map((update) => store(parts, update)));
      const last = updates.at(-1);
      if (last !== undefined) offset = last.update_id + 1;
      state.problem = undefined;
      wait = 0;
    } catch (error) {
      if (signal.aborted) break;
      state.problem = problemOf(error);
      wait = waitAfter(error, wait);
      logger.warn({ problem: state.problem, retryInMs: wait }, "polling failed");
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }
  if (offset !== undefined) await confirm(api, offset);
}

function receive(api: Api, offset: number | undefined, signal: AbortSignal): Promise<Update[]> {
  const options = { timeout: POLL_SECONDS, limit: 100, allowed_updates: ALLOWED_UPDATES };
  return api.getUpdates(
    offset === undefined ? options : { ...options, offset },
    grammySignal(AbortSignal.any([signal, AbortSignal.timeout(HARD_STOP_MS)])),
  );
}

async function store({ log, bot }: PollerParts, update: Update): Promise<void> {
  const event: ReceivedEvent = {
    specversion: "1.0",
    id: `tg-${bot}-${update.update_id}`,
    source: "loopgate",
    type: "loopgate.channel.received.v1",
    subject: bot,
    time: timestamp(),
    tenant: DEFAULT_TENANT,
    data: { update: { ...update } },
  };
  await log.append(receivedSubject(DEFAULT_TENANT, "telegram", bot), event);
}

/** Tells Telegram what is stored, so that the next start does not get it again. Not needed for correctness. */
async function confirm(api: Api, offset: number): Promise<void> {
  await api
    .getUpdates({ offset, limit: 1, timeout: 0 }, grammySignal(AbortSignal.timeout(2_000)))
    .catch(() => undefined);
}

function waitAfter(error: unknown, last: number): number {
  if (error instanceof GrammyError && error.parameters.retry_after !== undefined) {
    return error.parameters.retry_after * 1_000;
  }
  return Math.min(LONGEST_PAUSE_MS, last * 2 || 500);
}

function problemOf(error: unknown): string {
  if (!(error instanceof GrammyError)) return error instanceof Error ? error.message : "unknown";
  if (error.error_code === 401) return "the bot token was revoked: set a new TELEGRAM_BOT_TOKEN";
  if (error.error_code === 409)
    return "somebody else polls this bot, or it has a webhook: stop the other one";
  return `Telegram answered ${error.error_code}`;
}
