import { type CreatedEvent, eventKey, type RequestRef, requestSubject } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import {
  type Copy,
  copiesOf,
  createdOf,
  decisionOf,
  failedEndpointsOf,
  hasEnded,
  recipientsOf,
  type RequestSet,
} from "@loopgate/domain";
import type { CallResult, Channel, ChannelSender, RequestLog } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { NotifierMetrics } from "../notifier-metrics.ts";
import type { PendingRecords } from "./pending-records.ts";
import { deferred } from "../retry-after.ts";
import { type Position, SendOrder } from "./send-order.ts";

interface QuestionSenderOptions {
  readonly channel: Channel;
  readonly sender: ChannelSender;
  readonly requests: RequestLog;
  readonly pendingRecords: PendingRecords;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
  readonly now: () => Date;
}

/** A question as the log delivered it. */
interface Question {
  readonly created: CreatedEvent;
  readonly seq: number;
  /** How often it was delivered here, this time included. */
  readonly attempt: number;
}

/** How one run sends a question. */
interface SendTask {
  /** True for an endpoint that had failed permanently and can receive again. */
  readonly canReceiveAgain: (endpoint: string) => boolean;
  /** The question's position in the order of each recipient's place; absent for a recipient that is served out of order. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly attempt: number;
}

interface Target {
  /** The recipient's endpoint, as the question names it. */
  readonly recipient: string;
  /** Where its messages go now. */
  readonly endpoint: string;
}

/**
 * Sends questions to their recipients, at each place in the order in which they were asked. The tasks of one question run
 * one after another, so that two reasons to send it do not send it twice.
 */
export class QuestionSender {
  readonly #options: QuestionSenderOptions;
  readonly #tasks = new Map<string, Promise<unknown>>();
  readonly #order = new SendOrder();

  constructor(options: QuestionSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends a new question to every recipient that neither has it nor failed permanently. A recipient that can never be
   * reached is recorded as undelivered.
   * @throws Unavailable while a copy of this question waits to be recorded.
   */
  async deliver(
    ref: RequestRef,
    { created, seq, attempt }: Question,
  ): Promise<readonly CallResult<unknown>[]> {
    const { channel } = this.#options;
    using entered = new DisposableStack();
    const positions = new Map<string, Position>();
    for (const { endpoint } of created.data.recipients)
      if (channel.owns(endpoint))
        positions.set(endpoint, entered.use(this.#order.enter(channel.placeOf(endpoint), seq)));
    const task = { canReceiveAgain: () => false, positions, attempt };
    const results = await this.#serially(ref, () => this.#deliver(ref, task));
    // The slowest place may have taken long: adds what is left to wait by now where the question was deferred.
    const waits = [...positions.values()].flatMap(({ deferredMs }) =>
      deferredMs === undefined ? [] : [deferred(deferredMs)],
    );
    return [...results, ...waits];
  }

  /** As {@link deliver}, out of order, and also to endpoints that had failed and can receive again. */
  redeliver(
    ref: RequestRef,
    canReceiveAgain: (endpoint: string) => boolean,
  ): Promise<readonly CallResult<unknown>[]> {
    return this.#serially(ref, () =>
      this.#deliver(ref, { canReceiveAgain, positions: new Map(), attempt: 1 }),
    );
  }

  /** After repeated failures of this program: records who was not reached as undelivered. @throws as {@link deliver} */
  giveUp(ref: RequestRef): Promise<void> {
    return this.#serially(ref, async () => {
      const set = await this.#read(ref);
      const created = createdOf(set)?.event;
      if (created === undefined) return;
      for (const { recipient } of await this.#openTargets(set, () => false))
        await this.#recordUndelivered(created, recipient, "internal_error");
    });
  }

  async #serially<Result>(ref: RequestRef, task: () => Promise<Result>): Promise<Result> {
    const subject = requestSubject(ref, eventKey.created);
    const before = this.#tasks.get(subject) ?? Promise.resolve();
    const running = before.catch(() => undefined).then(task);
    this.#tasks.set(subject, running);
    try {
      return await running;
    } finally {
      if (this.#tasks.get(subject) === running) this.#tasks.delete(subject);
    }
  }

  async #deliver(ref: RequestRef, task: SendTask) {
    const set = await this.#read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined) return [];
    const open = await this.#openTargets(set, task.canReceiveAgain);
    // Where nothing is left to send, later questions need not wait.
    for (const [endpoint, position] of task.positions)
      if (open.every(({ recipient }) => recipient !== endpoint)) position[Symbol.dispose]();
    const end = this.#endOf(set, created);
    if (end === undefined) return settled(open.map((target) => this.#send(created, target, task)));
    for (const { recipient } of open)
      await this.#recordUndelivered(created, recipient, `${end}_before_sending`);
    return [];
  }

  /** The request, unless a copy of it is not recorded yet: sending now would add a second copy (I8). */
  async #read(ref: RequestRef): Promise<RequestSet> {
    if (this.#options.pendingRecords.has(ref))
      throw new Unavailable("a copy of the question is not recorded yet");
    return this.#options.requests.read(ref);
  }

  /** The recipients of this account without a copy where their messages go now. */
  async #openTargets(
    set: RequestSet,
    canReceiveAgain: (endpoint: string) => boolean,
  ): Promise<readonly Target[]> {
    const { channel } = this.#options;
    const delivered = new Set(copiesOf(set).map(({ endpoint }) => endpoint));
    const failed = failedEndpointsOf(set);
    const mine = recipientsOf(set).filter(({ endpoint }) => channel.owns(endpoint));
    const targets = mine.map(async ({ endpoint: recipient }) => {
      if (failed.has(recipient) && !canReceiveAgain(recipient)) return [];
      const endpoint = await channel.presentEndpoint(recipient);
      return delivered.has(endpoint) ? [] : [{ recipient, endpoint }];
    });
    return (await Promise.all(targets)).flat();
  }

  /** How the question ended before it could be sent, if it did. */
  #endOf(set: RequestSet, created: CreatedEvent): string | undefined {
    const decision = decisionOf(set);
    if (decision !== undefined) return decision.event.data.kind;
    return hasEnded(created, this.#options.now()) ? "expired" : undefined;
  }

  async #send(
    created: CreatedEvent,
    { recipient, endpoint }: Target,
    { positions, attempt }: SendTask,
  ): Promise<CallResult<unknown>> {
    const { sender, pendingRecords, logger } = this.#options;
    const record = (copy: Copy) => pendingRecords.record(created, copy);
    const call = () => sender.sendQuestion(created, endpoint, record);
    const retryHintMs = (ahead: number) => sender.retryHintMs(endpoint, ahead);
    const position = positions.get(recipient);
    const sent = await (position === undefined ? call() : position.send({ attempt, retryHintMs }, call));
    if (sent.kind === "ok") return sent;
    const { failure } = sent;
    const fields = { ...requestFields(created), endpoint: recipient, failure };
    logger.warn(fields, "a question was not sent");
    if (failure.kind === "permanent") await this.#recordUndelivered(created, recipient, failure.reason);
    return sent;
  }

  /** Records that a recipient was not reached; the first reason counts. */
  async #recordUndelivered(created: CreatedEvent, endpoint: string, reason: string): Promise<void> {
    const { requests, logger, metrics } = this.#options;
    if (!(await requests.recordUndelivered(created, endpoint, reason))) return;
    logger.info({ ...requestFields(created), endpoint, reason }, "undelivered");
    metrics.undelivered.inc({ reason });
  }
}

/** All results, or the first error once every call has ended: a retry must not meet a call that is still running. */
async function settled<Result>(running: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}
