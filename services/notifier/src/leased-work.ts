import type { Api } from "grammy";
import { startCopyCloser } from "./delivery/copy-closer.ts";
import { type CommandParts, offerCommands } from "./channels/telegram/commands.ts";
import { QuestionSender, type QuestionSenderParts } from "./delivery/question-sender.ts";
import { startOutageNotice, type OutageNoticeParts } from "./outage/outage-notice.ts";
import { startQuestionConsumer } from "./delivery/question-consumer.ts";
import { startPoller } from "./channels/telegram/updates/poller.ts";
import type { Receiver } from "./channels/telegram/updates/receiver.ts";
import { startMissedRedelivery } from "./delivery/redeliver-missed.ts";
import { keepWebhook } from "./channels/telegram/updates/webhook-keeper.ts";
import type { WebhookOptions } from "./channels/telegram/updates/webhook-server.ts";
import type { HeldLease } from "./leases/held-lease.ts";
import { ConcurrentDisposables } from "@loopgate/async";

interface LeasedParts extends QuestionSenderParts, CommandParts, Omit<OutageNoticeParts, "receiving"> {
  /** Telegram's API for calls that wait for updates. */
  readonly poll: Api;
  readonly webhook: WebhookOptions | undefined;
  /** While it lasts, no other process does this work. */
  readonly lease: HeldLease;
}

/**
 * What one process at a time does for a bot: it sends, closes, and makes Telegram hand out what people send. Who has lost
 * the lease has nothing to report of it.
 */
export async function startLeasedWork(parts: LeasedParts): Promise<Receiver> {
  await using starting = new AsyncDisposableStack();
  const leased = starting.use(new ConcurrentDisposables());
  const { poll, queue, webhook, lease } = parts;
  leased.use(queue);
  const courier = new QuestionSender(parts);
  leased.use(await startQuestionConsumer({ ...parts, courier }));
  leased.use(await startMissedRedelivery({ ...parts, courier }));
  leased.use(await startCopyCloser(parts));
  void offerCommands(parts);
  const receiver = leased.use(
    webhook === undefined ? startPoller({ ...parts, api: poll }) : keepWebhook({ ...parts, webhook }),
  );
  leased.use(startOutageNotice({ ...parts, receiving: () => receiver.check() }));
  starting.move();
  return {
    check: async () => {
      if (lease.isHeld()) await receiver.check();
    },
    [Symbol.asyncDispose]: () => leased[Symbol.asyncDispose](),
  };
}
