import { sleep } from "@loopgate/async";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { WebhookInfo } from "@grammyjs/types";
import type { Api } from "grammy";
import { grammySignal } from "../api/bot-api.ts";
import type { HeldLease, Receiver } from "@loopgate/requests";
import { addressOf, hostOf, isOwnWebhook, rememberWebhook } from "./own-webhook.ts";
import { ALLOWED_UPDATES } from "./update-store.ts";
import { problemOf, type ReceiverState, startReceiver, waitAfter } from "./receiver.ts";
import type { Webhook } from "./webhook-server.ts";

export interface WebhookKeeperOptions {
  readonly api: Api;
  readonly bot: string;
  readonly channels: Bucket;
  readonly webhook: Webhook;
  readonly logger: Logger;
  /** Only the holder of the lease sets the webhook. */
  readonly lease: HeldLease;
}

/** How many deliveries Telegram may have in flight. */
const MAX_CONNECTIONS = 40;

/** How often Telegram is asked whether the webhook is still this one and works, in milliseconds. */
const CHECK_EVERY_MS = 30_000;
const SET_AGAIN_AFTER_MS = 1_000;

/** A failure of delivery counts as present for this time, in seconds. */
const FAILING_SECONDS = 90;

/**
 * Makes Telegram deliver to our webhook: sets it, and sets it again when it was deleted. If another application replaces
 * it later, that is reported and not undone: two applications that both set theirs again would take the updates from each
 * other.
 */
export const keepWebhook = (options: WebhookKeeperOptions): Receiver =>
  startReceiver(options.lease, (state, signal) => keep(options, state, signal));

async function keep(options: WebhookKeeperOptions, state: ReceiverState, signal: AbortSignal): Promise<void> {
  const { api, webhook, logger, lease } = options;
  const goesOn = () => lease.isHeld() && !signal.aborted;
  let isSet = false;
  let setWith: string | undefined;
  let wait = 0;
  while (goesOn()) {
    const { current, changed } = webhook.secret;
    try {
      if (!isSet) {
        await set(options, current, signal);
        setWith = current;
      }
      const info = await api.getWebhookInfo(grammySignal(signal));
      const isReplaced = isElsewhere(info, webhook.url);
      isSet = isReplaced || (isAsSet(info) && setWith === current);
      state.problem =
        isReplaced || isAsSet(info)
          ? problemIn(info, webhook.url)
          : "the webhook was deleted or changed: it is set again";
      wait = isSet ? (webhook.lookEveryMs ?? CHECK_EVERY_MS) : SET_AGAIN_AFTER_MS;
    } catch (error) {
      if (!goesOn()) break;
      state.problem = problemOf(error);
      wait = waitAfter(error, wait);
    }
    if (state.problem !== undefined) logger.warn({ problem: state.problem }, "the webhook does not work");
    await sleep(wait, AbortSignal.any([signal, changed]));
  }
}

/** Setting the same webhook again changes nothing. Updates that wait at Telegram go to the new address. */
async function set(options: WebhookKeeperOptions, secret: string, signal: AbortSignal): Promise<void> {
  const { api, webhook, logger, lease } = options;
  const before = await api.getWebhookInfo(grammySignal(signal));
  const { url = "" } = before;
  const isForeign = isElsewhere(before, webhook.url) && !(await isOwnWebhook(options, url));
  if (!lease.isHeld()) return;
  await rememberWebhook(options, webhook.url);
  await api.setWebhook(
    webhook.url,
    {
      secret_token: secret,
      allowed_updates: ALLOWED_UPDATES,
      max_connections: MAX_CONNECTIONS,
      drop_pending_updates: false,
    },
    grammySignal(signal),
  );
  if (isForeign) logger.warn({ host: hostOf(url) }, "another application's webhook was replaced");
}

const isElsewhere = ({ url = "" }: WebhookInfo, wanted: string): boolean =>
  url !== "" && addressOf(url) !== addressOf(wanted);

const isAsSet = ({ url = "", allowed_updates, max_connections }: WebhookInfo): boolean =>
  url !== "" &&
  max_connections === MAX_CONNECTIONS &&
  [...(allowed_updates ?? [])].sort().join() === [...ALLOWED_UPDATES].sort().join();

function problemIn(info: WebhookInfo, wanted: string): string | undefined {
  if (isElsewhere(info, wanted)) {
    return `the webhook of this bot was set elsewhere (${hostOf(info.url ?? "")}): a bot works for one Loopgate only, stop the other one and restart`;
  }
  const failure = deliveryFailureIn(info);
  return failure && `Telegram cannot deliver to TELEGRAM_WEBHOOK_URL: ${failure}`;
}

/** Why Telegram cannot deliver the updates that wait there, if it cannot at present. */
export function deliveryFailureIn(info: WebhookInfo): string | undefined {
  const { pending_update_count, last_error_date = 0, last_error_message = "unknown" } = info;
  const isFailing = pending_update_count > 0 && Date.now() / 1_000 - last_error_date < FAILING_SECONDS;
  return isFailing ? last_error_message : undefined;
}
