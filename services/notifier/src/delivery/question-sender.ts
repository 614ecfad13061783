import {
  type CreatedEvent,
  eventKey,
  parseTelegramEndpoint,
  type RequestRef,
  requestSubject,
} from "@loopgate/contracts";
import { type Bucket, type RequestLog, Unavailable } from "@loopgate/bus";
import {
  type Copy,
  copiesOf,
  createdOf,
  decisionOf,
  failedEndpointsOf,
  fold,
  type RequestSet,
} from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import type { Api } from "grammy";
import { SendOrder, type Place } from "./send-order.ts";
import type { CopyParts } from "./copies.ts";
import { chatOf, presentEndpoint } from "../channels/telegram/moved-chats.ts";
import { type CallResult, notNow, type ChatQueue } from "../channels/telegram/api/chat-queue.ts";
import { postQuestion } from "../channels/telegram/post-question.ts";
import { recordUndelivered } from "./undelivered.ts";
import type { PendingRecords } from "./pending-records.ts";

export interface QuestionSenderParts extends CopyParts {
  readonly bot: string;
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly channels: Bucket;
  readonly requests: RequestLog;
  readonly unrecorded: PendingRecords;
  readonly now: () => Date;
}

/** A question as it comes from the log. */
interface Asked {
  readonly created: CreatedEvent;
  readonly seq: number;
  /** How often it has come, with this time. */
  readonly attempt: number;
}

interface SendTask {
  /** True if this chat, which had failed for good, takes messages again. */
  readonly isBack: (endpoint: string) => boolean;
  /** Of recipients whose chats are served in order. */
  readonly places: ReadonlyMap<string, Place>;
  readonly attempt: number;
}

interface Target {
  readonly recipient: string;
  /** Where the recipient's chat is now. */
  readonly endpoint: string;
}

/**
 * Brings questions to their recipients, in each chat in the order in which they were asked: one errand at a time for a
 * question, so that two reasons to send it send it once.
 */
export class QuestionSender {
  readonly #parts: QuestionSenderParts;
  readonly #errands = new Map<string, Promise<unknown>>();
  readonly #order = new SendOrder();

  constructor(parts: QuestionSenderParts) {
    this.#parts = parts;
  }

  /**
   * Sends a question that has just come to whoever has neither got it nor failed for good. Whoever can't be reached any
   * more is recorded as `undelivered`.
   * @throws Unavailable while a message of this question waits to be recorded.
   */
  async deliver(ref: RequestRef, { created, seq, attempt }: Asked): Promise<readonly CallResult<unknown>[]> {
    using entered = new DisposableStack();
    const places = new Map<string, Place>();
    for (const { endpoint } of this.#mine(created))
      places.set(endpoint, entered.use(this.#order.enter(chatOf(endpoint), seq)));
    const errand = { isBack: () => false, places, attempt };
    const results = await this.#inTurn(ref, () => this.#deliver(ref, errand));
    // One chat may have been long about it: those where the question went away meanwhile count from then.
    const waits = [...places.values()].flatMap(({ awayMs }) =>
      awayMs === undefined ? [] : [notNow(awayMs)],
    );
    return [...results, ...waits];
  }

  /** As {@link deliver}, at once and also to those who failed if their chat takes messages again. */
  bringBack(ref: RequestRef, isBack: (endpoint: string) => boolean): Promise<readonly CallResult<unknown>[]> {
    return this.#inTurn(ref, () => this.#deliver(ref, { isBack, places: new Map(), attempt: 1 }));
  }

  /** Records whom this question did not reach for a reason of ours, and throws as {@link deliver} does. */
  giveUp(ref: RequestRef): Promise<void> {
    return this.#inTurn(ref, () => this.#giveUp(ref));
  }

  async #inTurn<Result>(ref: RequestRef, errand: () => Promise<Result>): Promise<Result> {
    const subject = requestSubject(ref, eventKey.created);
    const before = this.#errands.get(subject) ?? Promise.resolve();
    const running = before.catch(() => undefined).then(errand);
    this.#errands.set(subject, running);
    try {
      return await running;
    } finally {
      if (this.#errands.get(subject) === running) this.#errands.delete(subject);
    }
  }

  async #deliver(ref: RequestRef, errand: SendTask) {
    const set = await this.#read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined) return [];
    const open = await this.#openTargets(set, created, errand.isBack);
    for (const [endpoint, place] of errand.places)
      if (open.every(({ recipient }) => recipient !== endpoint)) place[Symbol.dispose]();
    const over = this.#endOf(set, created);
    if (over === undefined) return allOf(open.map((target) => this.#send(created, target, errand)));
    for (const { recipient: endpoint } of open)
      await recordUndelivered(this.#parts, created, { endpoint, reason: `${over}_before_sending` });
    return [];
  }

  async #giveUp(ref: RequestRef): Promise<void> {
    const set = await this.#read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined) return;
    for (const { recipient: endpoint } of await this.#openTargets(set, created, () => false))
      await recordUndelivered(this.#parts, created, { endpoint, reason: "internal_error" });
  }

  /** What the log holds of a question, once that is all that was done for it (I8). */
  async #read(ref: RequestRef): Promise<RequestSet> {
    if (this.#parts.unrecorded.has(ref))
      throw new Unavailable("a message of the question is not recorded yet");
    return fold(await this.#parts.requests.read(ref));
  }

  /** The recipients without a copy where their chat is now. */
  async #openTargets(
    set: RequestSet,
    created: CreatedEvent,
    isBack: (endpoint: string) => boolean,
  ): Promise<readonly Target[]> {
    const delivered = new Set(copiesOf(set).map(({ endpoint }) => endpoint));
    const failed = failedEndpointsOf(set);
    const looks = this.#mine(created).map(async ({ endpoint: recipient }) => {
      if (failed.has(recipient) && !isBack(recipient)) return [];
      const endpoint = await presentEndpoint(this.#parts.channels, recipient);
      return delivered.has(endpoint) ? [] : [{ recipient, endpoint }];
    });
    return (await Promise.all(looks)).flat();
  }

  /** How the question ended before it could be sent, if it did. */
  #endOf(set: RequestSet, created: CreatedEvent): string | undefined {
    const decision = decisionOf(set);
    if (decision !== undefined) return decision.event.data.kind;
    return created.data.expires_at <= this.#parts.now().toISOString() ? "expired" : undefined;
  }

  async #send(
    created: CreatedEvent,
    { recipient, endpoint }: Target,
    { places, attempt }: SendTask,
  ): Promise<CallResult<unknown>> {
    const keep = (copy: Copy) => this.#parts.unrecorded.record(created, copy);
    const post = () => postQuestion({ ...this.#parts, keep }, created, endpoint);
    const chat = parseTelegramEndpoint(endpoint)?.chat ?? "";
    const askAgainMs = (ahead: number) => this.#parts.queue.askAgainMs(chat, ahead);
    const place = places.get(recipient);
    const sent = await (place === undefined ? post() : place.send({ attempt, askAgainMs }, post));
    if (sent.kind === "ok") return sent;
    const { failure } = sent;
    this.#parts.logger.warn(
      { ...requestFields(created), endpoint: recipient, failure },
      "a question was not sent",
    );
    if (failure.kind !== "permanent" && failure.kind !== "moved") return sent;
    const reason = failure.kind === "moved" ? "chat_moved" : failure.reason;
    await recordUndelivered(this.#parts, created, { endpoint: recipient, reason });
    return { kind: "ok", result: undefined };
  }

  #mine({ data }: CreatedEvent) {
    return data.recipients.filter(({ endpoint }) => parseTelegramEndpoint(endpoint)?.bot === this.#parts.bot);
  }
}

/** All results, or the first error once every one has ended: whoever tries again must find nothing still running. */
async function allOf<Result>(running: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}
