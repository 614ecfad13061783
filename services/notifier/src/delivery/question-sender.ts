import {
  clientOf,
  type CreatedEvent,
  eventKey,
  type Recipient,
  type RequestRef,
  requestSubject,
} from "@loopgate/contracts";
import { Unavailable, type Verdict } from "@loopgate/bus";
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
import { type Position } from "./position.ts";
import { SendOrder } from "./send-order.ts";

/**
 * How much later than this process the log tries a question that was put off, in milliseconds. This process usually sends
 * it first; if it ends before that, another one gets the question from the log.
 */
const LOG_DELAY_MS = 2_000;

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
}

/** A request, and the endpoint of one recipient as the question names it. */
interface Target {
  readonly ref: RequestRef;
  readonly recipient: string;
}

/** How one run sends a question to one recipient. */
interface RunOptions {
  /** True if the recipient had failed permanently and can receive again. Default: false. */
  readonly canReceiveAgain?: boolean;
  /** The question's position in the order of the recipient's place. Without one, it is sent out of order. */
  readonly position?: Position | undefined;
}

/**
 * Sends questions to their recipients, at each place in turns between clients. A question that is put off stays in the
 * order here, and in the log. The runs for one recipient follow each other, so that two reasons to send a question do not
 * send it twice.
 */
export class QuestionSender implements AsyncDisposable {
  readonly #options: QuestionSenderOptions;
  readonly #order = new SendOrder();
  /** The last run for each recipient, by {@link keyOf}. */
  readonly #runs = new Map<string, Promise<unknown>>();
  /** The positions that are not settled yet, by {@link keyOf}. */
  readonly #positions = new Map<string, Position>();
  readonly #resumptions = new Set<Promise<void>>();
  #hasStopped = false;

  constructor(options: QuestionSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends a new question to every recipient that neither has it nor failed permanently. A recipient that can never be
   * reached is recorded as undelivered. A question that is put off is resumed here at its turn; the verdict makes the log
   * deliver it again a little later, in case this process ends before that.
   * @throws Unavailable while a copy of this question waits to be recorded.
   */
  async deliver(ref: RequestRef, question: Question): Promise<Verdict> {
    const waits = await settled(
      this.#own(question.created.data.recipients).map((recipient) =>
        this.#deliverTo({ ref, recipient }, question),
      ),
    );
    const waitMs = Math.min(...waits.filter((wait) => wait !== undefined));
    return waitMs === Infinity ? "done" : { retryInMs: waitMs + LOG_DELAY_MS };
  }

  /** As {@link deliver}, out of order, and also to endpoints that had failed and can receive again. */
  async redeliver(
    ref: RequestRef,
    recipients: readonly Recipient[],
    canReceiveAgain: (endpoint: string) => boolean,
  ): Promise<readonly CallResult<unknown>[]> {
    const results = this.#own(recipients).map((recipient) =>
      this.#run({ ref, recipient }, { canReceiveAgain: canReceiveAgain(recipient) }),
    );
    return (await settled(results)).filter((result) => result !== undefined);
  }

  /** After repeated failures of this program: records who was not reached as undelivered. @throws as {@link deliver} */
  async giveUp(ref: RequestRef, created: CreatedEvent): Promise<void> {
    const runs = this.#own(created.data.recipients).map((recipient) =>
      this.#serially({ ref, recipient }, async () => {
        const open = await this.#readOpen({ ref, recipient }, {});
        if (open !== undefined) await this.#recordUndelivered(open.created, recipient, "internal_error");
      }),
    );
    await settled(runs);
  }

  /** Ends what was put off, and waits for what is being sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasStopped = true;
    for (const position of this.#positions.values()) if (position.isPutOff) position[Symbol.dispose]();
    await Promise.all(this.#resumptions);
  }

  /** The endpoints of this account. */
  #own(recipients: readonly Recipient[]): readonly string[] {
    const endpoints = new Set(recipients.map(({ endpoint }) => endpoint));
    return [...endpoints].filter((endpoint) => this.#options.channel.owns(endpoint));
  }

  /** Resolves with the time until it is tried again, in milliseconds, if it is put off. */
  async #deliverTo(target: Target, { created, seq }: Question): Promise<number | undefined> {
    const key = keyOf(target);
    const known = this.#positions.get(key);
    if (known !== undefined && !hasEnded(created, this.#options.now())) return this.#waitMs(target, known);
    if (known !== undefined) return void (await this.#run(target));
    const place = this.#options.channel.placeOf(target.recipient);
    const position = this.#order.enter(place, { client: clientOf(created), seq });
    this.#positions.set(key, position);
    try {
      await this.#run(target, { position });
    } catch (error) {
      this.#settle(target, position);
      throw error;
    }
    const waitMs = position.isGone ? undefined : this.#waitMs(target, position);
    this.#resumeLater(target, position);
    return waitMs;
  }

  #resumeLater(target: Target, position: Position): void {
    const resumption = this.#resume(target, position).finally(() => this.#resumptions.delete(resumption));
    this.#resumptions.add(resumption);
  }

  /** Tries a question that was put off whenever its position says so. */
  async #resume(target: Target, position: Position): Promise<void> {
    while (!position.isGone && !this.#hasStopped) {
      await position.resumed;
      if (this.#hasStopped) break;
      try {
        await this.#run(target, { position });
      } catch (error) {
        this.#options.logger.warn({ request: target.ref.id, err: error }, "a question was not sent");
        if (!(error instanceof Unavailable)) break;
        position.backOff({ kind: "transient" });
      }
    }
    this.#settle(target, position);
  }

  #settle(target: Target, position: Position): void {
    position[Symbol.dispose]();
    this.#positions.delete(keyOf(target));
  }

  #waitMs({ recipient }: Target, position: Position): number {
    return position.backOffMs ?? this.#options.sender.retryHintMs(recipient, position.questionsAtPlace);
  }

  /** Sends the question to a recipient that has no copy yet. Undefined if nothing was tried. */
  #run(target: Target, options: RunOptions = {}): Promise<CallResult<unknown> | undefined> {
    return this.#serially(target, async () => {
      const { position } = options;
      const open = await this.#readOpen(target, options);
      const end = open && this.#endOf(open.set, open.created);
      // Where nothing is left to send, later questions need not wait.
      if (open === undefined || end !== undefined) position?.[Symbol.dispose]();
      if (open === undefined) return undefined;
      if (end === undefined) return this.#send(open, target.recipient, position);
      await this.#recordUndelivered(open.created, target.recipient, `${end}_before_sending`);
      return undefined;
    });
  }

  async #serially<Result>(target: Target, task: () => Promise<Result>): Promise<Result> {
    const key = keyOf(target);
    const before = this.#runs.get(key) ?? Promise.resolve();
    const running = before.catch(() => undefined).then(task);
    this.#runs.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#runs.get(key) === running) this.#runs.delete(key);
    }
  }

  /** The question, and where its recipient's messages go now; undefined if it has a copy there or failed permanently. */
  async #readOpen({ ref, recipient }: Target, { canReceiveAgain = false }: RunOptions) {
    const { channel, requests, pendingRecords } = this.#options;
    // Sending now would add a second copy (I8).
    if (pendingRecords.has(ref)) throw new Unavailable("a copy of the question is not recorded yet");
    const set = await requests.read(ref);
    const created = createdOf(set)?.event;
    if (created === undefined || recipientsOf(set).every(({ endpoint }) => endpoint !== recipient))
      return undefined;
    if (failedEndpointsOf(set).has(recipient) && !canReceiveAgain) return undefined;
    const endpoint = await channel.presentEndpoint(recipient);
    const hasCopy = copiesOf(set).some((copy) => copy.endpoint === endpoint);
    return hasCopy ? undefined : { set, created, endpoint };
  }

  /** How the question ended before it could be sent, if it did. */
  #endOf(set: RequestSet, created: CreatedEvent): string | undefined {
    const decision = decisionOf(set);
    if (decision !== undefined) return decision.event.data.kind;
    return hasEnded(created, this.#options.now()) ? "expired" : undefined;
  }

  async #send(
    { created, endpoint }: { readonly created: CreatedEvent; readonly endpoint: string },
    recipient: string,
    position: Position | undefined,
  ): Promise<CallResult<unknown> | undefined> {
    const { sender, pendingRecords, logger } = this.#options;
    const record = (copy: Copy) => pendingRecords.record(created, copy);
    const call = () => sender.sendQuestion(created, endpoint, record);
    const sent = await (position === undefined ? call() : position.send(call));
    if (sent?.kind !== "failed") return sent;
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

const keyOf = ({ ref, recipient }: Target): string => `${requestSubject(ref, eventKey.created)} ${recipient}`;

/** All results, or the first error once every call has ended: a retry must not meet a call that is still running. */
async function settled<Result>(running: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}
