import type { Api } from "grammy";
import { startCloser } from "./channels/telegram/copies/closer.ts";
import { type CommandParts, offerCommands } from "./channels/telegram/answering/commands.ts";
import { Courier, type CourierParts } from "./channels/telegram/asking/courier.ts";
import { startOutageNotes, type OutageNotesParts } from "./channels/telegram/open-questions/outage-notes.ts";
import { startOutbound } from "./channels/telegram/asking/outbound.ts";
import { startPoller } from "./channels/telegram/receiving/poller.ts";
import type { Receiver } from "./channels/telegram/receiving/receiver.ts";
import { startReturns } from "./channels/telegram/asking/returns.ts";
import { keepWebhook } from "./channels/telegram/receiving/webhook-keeper.ts";
import type { WebhookOptions } from "./channels/telegram/receiving/webhook-server.ts";
import type { Term } from "./term.ts";
import { Together } from "./together.ts";

interface LeasedParts extends CourierParts, CommandParts, Omit<OutageNotesParts, "receiving"> {
  /** Telegram's API for calls that wait for updates. */
  readonly poll: Api;
  readonly webhook: WebhookOptions | undefined;
  /** While it lasts, no other process does this work. */
  readonly term: Term;
}

/**
 * What one process at a time does for a bot: it sends, closes, and makes Telegram hand out what people send. Who has lost
 * the lease has nothing to report of it.
 */
export async function startLeasedWork(parts: LeasedParts): Promise<Receiver> {
  await using starting = new AsyncDisposableStack();
  const leased = starting.use(new Together());
  const { poll, outbox, webhook, term } = parts;
  leased.use(outbox);
  const courier = new Courier(parts);
  leased.use(await startOutbound({ ...parts, courier }));
  leased.use(await startReturns({ ...parts, courier }));
  leased.use(await startCloser(parts));
  void offerCommands(parts);
  const receiver = leased.use(
    webhook === undefined ? startPoller({ ...parts, api: poll }) : keepWebhook({ ...parts, webhook }),
  );
  leased.use(startOutageNotes({ ...parts, receiving: () => receiver.check() }));
  starting.move();
  return {
    check: async () => {
      if (term.isHeld()) await receiver.check();
    },
    [Symbol.asyncDispose]: () => leased[Symbol.asyncDispose](),
  };
}
