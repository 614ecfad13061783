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
import type { CopyParts } from "../copies/copies.ts";
import { presentEndpoint } from "../moved-chats.ts";
import type { CallResult, Outbox } from "../calls/outbox.ts";
import { postQuestion } from "./post-question.ts";
import { recordUndelivered } from "./undelivered.ts";
import type { UnrecordedCopies } from "../copies/unrecorded-copies.ts";

export interface CourierParts extends CopyParts {
  readonly bot: string;
  readonly api: Api;
  readonly outbox: Outbox;
  readonly channels: Bucket;
  readonly requests: RequestLog;
  readonly unrecorded: UnrecordedCopies;
  readonly now: () => Date;
}

/** Brings questions to their recipients: one errand at a time for a question, so that two reasons to send it send it once. */
export class Courier {
  readonly #parts: CourierParts;
  readonly #errands = new Map<string, Promise<unknown>>();

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /**
   * Sends the question to whoever has neither got it nor failed for good; also to those who failed if `isBack` says that
   * their chat takes messages again. Whoever can't be reached any more is recorded as `undelivered`.
   * @throws Unavailable while a message of this question waits to be recorded.
   */
  deliver(
    ref: RequestRef,
    isBack: (endpoint: string) => boolean = () => false,
  ): Promise<readonly CallResult<unknown>[]> {
    return this.#inTurn(ref, () => this.#deliver(ref, isBack));
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

  async #deliver(ref: RequestRef, isBack: (endpoint: string) => boolean) {
    const set = await this.#read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined) return [];
    const open = await this.#openEndpoints(set, created, isBack);
    const over = this.#endOf(set, created);
    if (over === undefined) return allOf(open.map((endpoint) => this.#send(created, endpoint)));
    for (const endpoint of open)
      await recordUndelivered(this.#parts, created, { endpoint, reason: `${over}_before_sending` });
    return [];
  }

  async #giveUp(ref: RequestRef): Promise<void> {
    const set = await this.#read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined) return;
    for (const endpoint of await this.#openEndpoints(set, created, () => false))
      await recordUndelivered(this.#parts, created, { endpoint, reason: "internal_error" });
  }

  /** What the log holds of a question, once that is all that was done for it (I8). */
  async #read(ref: RequestRef): Promise<RequestSet> {
    if (this.#parts.unrecorded.has(ref))
      throw new Unavailable("a message of the question is not recorded yet");
    return fold(await this.#parts.requests.read(ref));
  }

  /** The recipients without a copy where their chat is now. */
  async #openEndpoints(
    set: RequestSet,
    created: CreatedEvent,
    isBack: (endpoint: string) => boolean,
  ): Promise<readonly string[]> {
    const delivered = new Set(copiesOf(set).map(({ endpoint }) => endpoint));
    const failed = failedEndpointsOf(set);
    const looks = this.#mine(created).map(async ({ endpoint }) => {
      if (failed.has(endpoint) && !isBack(endpoint)) return [];
      return delivered.has(await presentEndpoint(this.#parts.channels, endpoint)) ? [] : [endpoint];
    });
    return (await Promise.all(looks)).flat();
  }

  /** How the question ended before it could be sent, if it did. */
  #endOf(set: RequestSet, created: CreatedEvent): string | undefined {
    const decision = decisionOf(set);
    if (decision !== undefined) return decision.event.data.kind;
    return created.data.expires_at <= this.#parts.now().toISOString() ? "expired" : undefined;
  }

  async #send(created: CreatedEvent, recipient: string): Promise<CallResult<unknown>> {
    const keep = (copy: Copy) => this.#parts.unrecorded.record(created, copy);
    const sent = await postQuestion({ ...this.#parts, keep }, created, recipient);
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
