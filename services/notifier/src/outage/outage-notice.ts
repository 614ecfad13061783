import { sleep } from "@loopgate/async";
import { type RequestDetails, parseTelegramEndpoint } from "@loopgate/contracts";
import { type Bucket, Unavailable } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import { FormattedString } from "@grammyjs/parse-mode";
import type { Api } from "grammy";
import type { HeldLease } from "../leases/held-lease.ts";
import { markFirstHeard, markHeard, type Silence } from "./last-contact.ts";
import { isAllowedUnder, namesOf, presentEndpoint } from "../channels/telegram/moved-chats.ts";
import type { OpenQuestions } from "./open-questions.ts";
import type { ChatQueue } from "../channels/telegram/api/chat-queue.ts";
import { time } from "../channels/telegram/rendering/question.ts";
import { questionList } from "../channels/telegram/rendering/question-list.ts";
import { retryAfter } from "../channels/telegram/api/retry-after.ts";

export interface OutageNoticeParts {
  readonly bot: string;
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly channels: Bucket;
  readonly openQuestions: OpenQuestions;
  readonly policies: () => readonly RecipientPolicy[];
  readonly logger: Logger;
  readonly now: () => Date;
  /** A longer silence of the bot is told to the chats, in milliseconds. */
  readonly outageNoteMs: number;
  /** Rejects while nothing is received. */
  readonly receiving: () => Promise<void>;
  /** While it lasts, nobody else watches. */
  readonly lease: HeldLease;
}

/** How often the bot is marked as heard in the shortest outage that is told. */
const MARKS = 4;
const RETRY_MS = 5_000;

/**
 * While the lease is held: notices when the bot was not heard for long, and tells each chat once which of its questions
 * are still open, because Telegram keeps a press for 150 s only. Best effort: a process that ends right after it noticed
 * tells nobody.
 */
export function startOutageNotice(parts: OutageNoticeParts): AsyncDisposable {
  const stop = new AbortController();
  const running = watch(parts, AbortSignal.any([stop.signal, parts.lease.signal]));
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/**
 * It waits before it looks for an outage: what was sent during one and is not lost should count first. A bot's first sign
 * of life is marked without a wait: this process may end before.
 */
async function watch(parts: OutageNoticeParts, signal: AbortSignal): Promise<void> {
  const telling: Promise<void>[] = [];
  await listen(parts, markFirstHeard);
  while (await hasPassed(parts.outageNoteMs / MARKS, signal)) {
    const silence = await listen(parts, markHeard);
    if (silence !== undefined && isLong(parts, silence)) telling.push(tellAll(parts, silence, signal));
  }
  await Promise.all(telling);
}

/** The silence that `mark` finds ended, if the bot is heard. */
async function listen(parts: OutageNoticeParts, mark: typeof markHeard): Promise<Silence | undefined> {
  try {
    await parts.receiving();
    await parts.api.getMe();
    return parts.lease.isHeld() ? await mark(parts, parts.now()) : undefined;
  } catch (error) {
    parts.logger.debug({ err: error }, "the bot is not heard");
    return undefined;
  }
}

const isLong = ({ outageNoteMs }: OutageNoticeParts, { from, to }: Silence): boolean =>
  Date.parse(to) - Date.parse(from) > outageNoteMs;

async function tellAll(parts: OutageNoticeParts, silence: Silence, signal: AbortSignal): Promise<void> {
  parts.logger.warn(silence, "the bot was not heard for long");
  try {
    const open = await openByEndpoint(parts, silence, signal);
    const notes = Array.from(open, ([endpoint, questions]) => ({ endpoint, questions, silence }));
    await Promise.all(notes.map((note) => tellChat(parts, note, signal)));
  } catch (error) {
    parts.logger.error({ err: error }, "not every chat was told of the outage");
  }
}

/** The delivered questions of each chat and topic, where it is now. */
async function openByEndpoint(
  parts: OutageNoticeParts,
  silence: Silence,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly RequestDetails[]>> {
  const found = new Map<string, RequestDetails[]>();
  for (const question of await allOpen(parts, signal)) {
    if (question.view.delivery !== "delivered" || question.view.created_at > silence.to) continue;
    for (const { endpoint } of question.recipients) {
      const names = await namesOf(parts.channels, endpoint);
      if (parseTelegramEndpoint(endpoint)?.bot !== parts.bot || !isAllowedUnder(names, parts.policies()))
        continue;
      const present = await presentEndpoint(parts.channels, endpoint);
      found.set(present, [...(found.get(present) ?? []), question]);
    }
  }
  return found;
}

/** Waits for `state` as long as it takes. */
async function allOpen(parts: OutageNoticeParts, signal: AbortSignal): Promise<readonly RequestDetails[]> {
  do {
    try {
      return (await parts.openQuestions.all()).questions;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
  } while (await hasPassed(RETRY_MS, signal));
  return [];
}

interface Note {
  readonly endpoint: string;
  readonly questions: readonly RequestDetails[];
  readonly silence: Silence;
}

async function tellChat(
  { api, queue }: OutageNoticeParts,
  { endpoint, questions, silence }: Note,
  signal: AbortSignal,
): Promise<void> {
  const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
  const { text, entities } = questionList(noteOf(silence), questions);
  for (let attempt = 1; ; attempt++) {
    const sent = await queue.call(chat, "send", () =>
      api.sendMessage(chat, text, {
        entities,
        link_preview_options: { is_disabled: true },
        ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
      }),
    );
    const verdict = retryAfter([sent], attempt);
    if (verdict === "done" || "deadLetter" in verdict) return;
    if (!(await hasPassed(verdict.retryInMs, signal))) return;
  }
}

const noteOf = ({ from, to }: Silence): FormattedString =>
  FormattedString.join([
    "📴 I was offline from ",
    time(from, "dt"),
    " to ",
    time(to, "dt"),
    ". If you answered meanwhile and a question's message has not changed, please answer again. Still open here:",
  ]);

/** False if `signal` ended the wait. */
const hasPassed = (ms: number, signal: AbortSignal): Promise<boolean> => sleep(ms, signal);
