import { sleep } from "@loopgate/async";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { Update } from "@grammyjs/types";
import { type Api, GrammyError } from "grammy";
import type { TelegramMetrics } from "../metrics.ts";
import type { HeldLease, Receiver } from "@loopgate/requests";
import { grammySignal } from "../api/bot-api.ts";
import { hostOf, isOwnWebhook } from "./own-webhook.ts";
import { ALLOWED_UPDATES, type UpdateStore } from "./update-store.ts";
import { problemOf, type ReceiverState, startReceiver, waitAfter } from "./receiver.ts";

const POLL_SECONDS = 25;

/** A call that takes longer is aborted: a connection that hangs would lose presses, which Telegram drops after 150 s. */
const HARD_STOP_MS = 35_000;

export interface PollerOptions {
  readonly api: Api;
  readonly bot: string;
  readonly updates: UpdateStore;
  readonly channels: Bucket;
  readonly logger: Logger;
  readonly metrics: TelegramMetrics;
  /** Only the holder of the lease polls. */
  readonly lease: HeldLease;
}

/**
 * Long polling with "store, then confirm": an update is in the log before the offset of the next call tells Telegram to
 * delete it. A crash between the two repeats an update and never loses one.
 */
export const startPoller = (options: PollerOptions): Receiver =>
  startReceiver(options.lease, (state, signal) => poll(options, state, signal));

async function poll(options: PollerOptions, state: ReceiverState, signal: AbortSignal): Promise<void> {
  const { api, logger, metrics, lease } = options;
  const goesOn = () => lease.isHeld() && !signal.aborted;
  let offset: number | undefined;
  let wait = 0;
  while (goesOn()) {
    try {
      // After a failure, a poll that does not wait shows at once whether Telegram answers again.
      const seconds = state.problem === undefined ? POLL_SECONDS : 0;
      const updates = await receive(api, { offset, seconds, signal });
      // In parallel, so that they share a commit. Unless the whole batch was stored, none of it is confirmed.
      await Promise.all(updates.map((update) => options.updates.store(update)));
      const last = updates.at(-1);
      if (last !== undefined) offset = last.update_id + 1;
      state.problem = undefined;
      metrics.lastPoll.setToCurrentTime();
      wait = 0;
    } catch (error) {
      if (!goesOn()) break;
      state.problem = isConflict(error) ? await conflict(options) : problemOf(error);
      wait = waitAfter(error, wait);
      logger.warn({ problem: state.problem, retryInMs: wait }, "polling failed");
      await sleep(wait, signal);
    }
  }
  metrics.lastPoll.remove();
  if (offset !== undefined && lease.isHeld()) await confirm(api, offset);
}

interface Poll {
  readonly offset: number | undefined;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

function receive(api: Api, { offset, seconds, signal }: Poll): Promise<Update[]> {
  const options = { timeout: seconds, limit: 100, allowed_updates: ALLOWED_UPDATES };
  return api.getUpdates(
    offset === undefined ? options : { ...options, offset },
    grammySignal(AbortSignal.any([signal, AbortSignal.timeout(HARD_STOP_MS)])),
  );
}

/** Tells Telegram which updates are stored, so that the next start does not fetch them again: an optimization only. */
async function confirm(api: Api, offset: number): Promise<void> {
  await api
    .getUpdates({ offset, limit: 1, timeout: 0 }, grammySignal(AbortSignal.timeout(2_000)))
    .catch(() => undefined);
}

const isConflict = (error: unknown): boolean => error instanceof GrammyError && error.error_code === 409;

/**
 * Says what prevents polling. Deletes a webhook that this deployment set itself, when it was configured for one; the
 * updates that wait at Telegram stay. Leaves another application's webhook alone: deleting it would take its updates away.
 */
async function conflict(options: PollerOptions): Promise<string> {
  const { api, logger, lease } = options;
  try {
    const { url = "" } = await api.getWebhookInfo();
    if (url === "") return "another process polls this bot: stop the other one";
    if (!(await isOwnWebhook(options, url))) {
      return `this bot has a webhook of another application (${hostOf(url)}): create another bot for that application, or delete the webhook (deleteWebhook)`;
    }
    if (!lease.isHeld()) return "another process has taken over polling";
    await api.deleteWebhook({ drop_pending_updates: false });
    logger.info("the webhook that an earlier run had set was deleted: updates are polled now");
    return "the webhook that an earlier run had set was just deleted: polling starts in a moment";
  } catch (error) {
    return problemOf(error);
  }
}
