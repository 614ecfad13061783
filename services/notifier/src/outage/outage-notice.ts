import { sleep } from "@loopgate/async";
import type { RequestDetails } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Channel, ChannelSender, HeldLease, Outage, Receiver } from "@loopgate/requests";
import type { Logger } from "@loopgate/runtime";
import { retryAfter } from "../retry-after.ts";
import type { LastContact, Silence } from "./last-contact.ts";
import type { OpenQuestions } from "../open-questions.ts";

export interface OutageNoticeOptions {
  readonly channel: Channel;
  readonly sender: ChannelSender;
  readonly receiver: Receiver;
  readonly lastContact: LastContact;
  readonly openQuestions: OpenQuestions;
  readonly policies: () => readonly RecipientPolicy[];
  readonly logger: Logger;
  readonly now: () => Date;
  /** Places with open questions are told of a silence longer than this, in milliseconds. */
  readonly outageNoteMs: number;
  /** Only the holder of the lease watches. */
  readonly lease: HeldLease;
}

/** Contact is marked this often within `outageNoteMs`. */
const MARKS = 4;
const RETRY_MS = 5_000;

/**
 * While the lease is held: notices that the account was out of contact for long, and tells each place once which of its
 * questions are still open, because the provider may have dropped answers meanwhile. Best effort: a process that ends
 * right after it noticed an outage tells no place.
 */
export function startOutageNotice(options: OutageNoticeOptions): AsyncDisposable {
  const stop = new AbortController();
  const running = watch(options, AbortSignal.any([stop.signal, options.lease.signal]));
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/**
 * Waits before it looks for an outage, so that answers which were not lost count first. The first contact of an account
 * is marked at once, because this process may end before that wait does.
 */
async function watch(options: OutageNoticeOptions, signal: AbortSignal): Promise<void> {
  const { lastContact, outageNoteMs } = options;
  const notices: Promise<void>[] = [];
  await inContact(options, (now) => lastContact.markFirst(now));
  while (await sleep(outageNoteMs / MARKS, signal)) {
    const silence = await inContact(options, (now) => lastContact.mark(now));
    if (silence !== undefined && lengthMs(silence) > outageNoteMs)
      notices.push(tellAll(options, silence, signal));
  }
  await Promise.all(notices);
}

/** What `mark` returns, if the account receives and its provider answers. */
async function inContact<Result>(
  { receiver, channel, lease, logger, now }: OutageNoticeOptions,
  mark: (now: Date) => Promise<Result>,
): Promise<Result | undefined> {
  try {
    await receiver.check();
    await channel.checkContact();
    return lease.isHeld() ? await mark(now()) : undefined;
  } catch (error) {
    logger.debug({ err: error }, "the channel is out of contact");
    return undefined;
  }
}

const lengthMs = ({ from, to }: Silence): number => Date.parse(to) - Date.parse(from);

async function tellAll(options: OutageNoticeOptions, silence: Silence, signal: AbortSignal): Promise<void> {
  const { logger } = options;
  logger.warn(silence, "the channel was out of contact for longer than LOOPGATE_OUTAGE_NOTE_SECONDS");
  try {
    const open = await openByEndpoint(options, silence, signal);
    await Promise.all(
      Array.from(open, ([endpoint, questions]) =>
        tellPlace(options, { endpoint, outage: { ...silence, questions } }, signal),
      ),
    );
  } catch (error) {
    logger.error({ err: error }, "some places were not told of the outage");
  }
}

/** The delivered questions by the endpoint where their messages go now. */
async function openByEndpoint(
  { channel, openQuestions, policies }: OutageNoticeOptions,
  silence: Silence,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly RequestDetails[]>> {
  const found = new Map<string, RequestDetails[]>();
  for (const question of await allOpen(openQuestions, signal)) {
    if (question.view.delivery !== "delivered" || question.view.created_at > silence.to) continue;
    for (const { endpoint } of question.recipients) {
      if (!channel.owns(endpoint)) continue;
      const places = await channel.aliasesOf(endpoint);
      if (!policies().some((policy) => places.some((place) => policy.allows(place)))) continue;
      const present = await channel.presentEndpoint(endpoint);
      found.set(present, [...(found.get(present) ?? []), question]);
    }
  }
  return found;
}

/** Waits for `state` as long as necessary. */
async function allOpen(
  openQuestions: OpenQuestions,
  signal: AbortSignal,
): Promise<readonly RequestDetails[]> {
  do {
    try {
      return (await openQuestions.all()).questions;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
  } while (await sleep(RETRY_MS, signal));
  return [];
}

async function tellPlace(
  { sender }: OutageNoticeOptions,
  { endpoint, outage }: { readonly endpoint: string; readonly outage: Outage },
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const verdict = retryAfter([await sender.sendOutageNotice(endpoint, outage)], attempt);
    if (verdict === "done" || "deadLetter" in verdict) return;
    if (!(await sleep(verdict.retryInMs, signal))) return;
  }
}
