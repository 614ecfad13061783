import {
  type CreatedEvent,
  eventKey,
  parseTelegramEndpoint,
  type RequestRef,
  requestSubject,
} from "@loopgate/contracts";
import type { Bucket, RequestLog } from "@loopgate/bus";
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
import { closeCopy } from "./close-copy.ts";
import { type CopyParts, recordCopy } from "./copies.ts";
import { presentEndpoint } from "../moved-chats.ts";
import type { CallResult, Outbox } from "../calls/outbox.ts";
import { postQuestion } from "./post-question.ts";
import { recordUndelivered } from "./undelivered.ts";

export interface CourierParts extends CopyParts {
  readonly bot: string;
  readonly api: Api;
  readonly outbox: Outbox;
  readonly channels: Bucket;
  readonly requests: RequestLog;
  readonly now: () => Date;
}

/** A message that stands in a chat and not yet in the log, with the question it shows. */
interface Unrecorded extends Copy {
  readonly created: CreatedEvent;
}

/** Brings questions to their recipients: one errand at a time for a question, so that two reasons to send it send it once. */
export class Courier {
  readonly #parts: CourierParts;
  /** Messages that wait to be recorded, by the subject of their question. */
  readonly #unrecorded = new Map<string, readonly Unrecorded[]>();
  readonly #errands = new Map<string, Promise<unknown>>();

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /**
   * Sends the question to whoever has neither got it nor failed for good; also to those who failed if `isBack` says that
   * their chat takes messages again. Whoever can't be reached any more is recorded as `undelivered`.
   */
  async deliver(
    ref: RequestRef,
    isBack: (endpoint: string) => boolean = () => false,
  ): Promise<readonly CallResult<unknown>[]> {
    const subject = requestSubject(ref, eventKey.created);
    const before = this.#errands.get(subject) ?? Promise.resolve();
    const errand = before.catch(() => undefined).then(() => this.#deliver(ref, isBack));
    this.#errands.set(subject, errand);
    try {
      return await errand;
    } finally {
      if (this.#errands.get(subject) === errand) this.#errands.delete(subject);
    }
  }

  /** Records that this question failed for a reason of ours; what was sent and not recorded is forgotten. */
  async giveUp(created: CreatedEvent): Promise<void> {
    for (const { endpoint } of this.#mine(created))
      await recordUndelivered(this.#parts, created, { endpoint, reason: "internal_error" });
    const { tenant, subject: id } = created;
    this.#unrecorded.delete(requestSubject({ tenant, id }, eventKey.created));
  }

  async #deliver(ref: RequestRef, isBack: (endpoint: string) => boolean) {
    await this.#recordLeft(requestSubject(ref, eventKey.created));
    const set = fold(await this.#parts.requests.read(ref));
    const created = createdOf(set)?.event;
    if (created === undefined) return [];
    const open = await this.#openEndpoints(set, created, isBack);
    const over = this.#endOf(set, created);
    if (over === undefined) return allOf(open.map((endpoint) => this.#send(created, endpoint)));
    for (const endpoint of open)
      await recordUndelivered(this.#parts, created, { endpoint, reason: `${over}_before_sending` });
    return [];
  }

  /** What was sent, and then not taken by the log, is recorded now instead of being sent once more (I8). */
  async #recordLeft(subject: string): Promise<void> {
    for (const { created, ...copy } of this.#unrecorded.get(subject) ?? []) {
      await recordCopy(this.#parts, created, copy);
    }
    this.#unrecorded.delete(subject);
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
    const keep = (copy: Copy) => this.#keep(created, copy);
    const sent = await postQuestion({ ...this.#parts, keep }, created, recipient);
    if (sent.kind === "ok") {
      await this.#closeIfDecided(created, sent.result);
      return sent;
    }
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

  async #keep(created: CreatedEvent, copy: Copy): Promise<void> {
    const { tenant, subject: id } = created;
    try {
      await recordCopy(this.#parts, created, copy);
    } catch (error) {
      const subject = requestSubject({ tenant, id }, eventKey.created);
      this.#unrecorded.set(subject, [...(this.#unrecorded.get(subject) ?? []), { created, ...copy }]);
      throw error;
    }
  }

  /** Latency only: the closer would see both, too. */
  async #closeIfDecided(created: CreatedEvent, copy: Copy): Promise<void> {
    const { tenant, subject: id } = created;
    const decision = await this.#parts.requests.decision({ tenant, id });
    if (decision !== undefined) await closeCopy(this.#parts, copy, created, decision.event);
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
