import { ConcurrentDisposables } from "@loopgate/async";
import { type EventLog, LEASE_MS, type RequestQueries } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import {
  AnswerRecorder,
  type Channel,
  type HeldLease,
  type Receiver,
  type RequestLog,
} from "@loopgate/requests";
import type { Logger, Metrics } from "@loopgate/runtime";
import { startAnswerConsumer } from "./answers/answer-consumer.ts";
import { Answers } from "./answers/answers.ts";
import { CloseOnInteraction } from "./answers/close-on-interaction.ts";
import { Comments } from "./answers/comments.ts";
import { LongTexts } from "./answers/long-texts.ts";
import type { Buckets } from "./buckets.ts";
import { Copies } from "./delivery/copies.ts";
import { startCopyCloser } from "./delivery/copy-closer.ts";
import { CopyClosings } from "./delivery/copy-closings.ts";
import { PendingRecords } from "./delivery/pending-records.ts";
import { startQuestionConsumer } from "./delivery/question-consumer.ts";
import { QuestionSender } from "./delivery/question-sender.ts";
import { startMissedRedelivery } from "./delivery/redeliver-missed.ts";
import { whileLeased } from "./leases/lease.ts";
import { notifierMetrics } from "./notifier-metrics.ts";
import { LastContact } from "./outage/last-contact.ts";
import { OpenQuestions } from "./open-questions.ts";
import { startOutageNotice } from "./outage/outage-notice.ts";

export interface NotifierOptions {
  readonly channel: Channel;
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly buckets: Buckets;
  /** Lists open questions; no decision depends on it. */
  readonly queries: RequestQueries;
  /** What each operator's settings allow now. An answer counts if any of them allows it. */
  readonly policies: () => readonly RecipientPolicy[];
  /** Names this process in the lease of its account. A process with the same name takes the lease over at once. */
  readonly holder: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => Date;
  /** How long the `leases` bucket keeps a value, in milliseconds. Default {@link LEASE_MS}. */
  readonly leaseMs?: number;
  /** Out of contact for longer than this, in milliseconds, places are told which questions are open. Default 120 000. */
  readonly outageNoteMs?: number | undefined;
}

export interface Notifier extends AsyncDisposable {
  /** Rejects, with the reason, while this process should receive what people send and can't. */
  check(): Promise<void>;
}

const OUTAGE_NOTE_MS = 120_000;

/**
 * Carries questions to people and answers back through one account of a channel, until it is disposed of. Sending,
 * closing and receiving run where the account's lease is held; answers are handled on every replica.
 */
export async function startNotifier(options: NotifierOptions): Promise<Notifier> {
  const { channel, log, requests, buckets, policies, logger, now = () => new Date() } = options;
  const { leaseMs = LEASE_MS, outageNoteMs = OUTAGE_NOTE_MS } = options;
  const metrics = notifierMetrics(options.metrics);
  await using starting = new AsyncDisposableStack();
  const openQuestions = new OpenQuestions(options.queries, channel);
  const copies = new Copies({ channel, requests, bucket: buckets.copies, logger, metrics });
  const closings = new CopyClosings();
  const pendingRecords = starting.use(new PendingRecords(copies, logger));
  const senderWithoutLease = starting.use(await channel.openSender());
  const running = starting.use(new ConcurrentDisposables());
  const longTexts = new LongTexts(buckets.copies, now);
  const answers = new Answers({
    channel,
    requests,
    recorder: new AnswerRecorder({ requests, sessions: buckets.sessions, policies, now }),
    copies,
    comments: new Comments(buckets.copies),
    longTexts,
    closeOnInteraction: new CloseOnInteraction({
      channel,
      sender: senderWithoutLease,
      requests,
      copies,
      closings,
      logger,
    }),
    logger,
  });
  running.use(await startAnswerConsumer({ channel, log, answers, longTexts, logger, metrics }));
  running.use(await channel.startIntake());
  let checkReceiver: Receiver["check"] = async () => undefined;

  const startLeasedWork = async (lease: HeldLease): Promise<AsyncDisposable> => {
    await using opening = new AsyncDisposableStack();
    const leased = opening.use(new ConcurrentDisposables());
    const sender = leased.use(await channel.openSender(lease));
    const questions = leased.use(
      new QuestionSender({ channel, sender, requests, pendingRecords, logger, metrics, now }),
    );
    leased.use(await startQuestionConsumer({ channel, log, questions, logger, now }));
    leased.use(await startMissedRedelivery({ channel, log, openQuestions, policies, questions }));
    leased.use(await startCopyCloser({ channel, sender, log, requests, closings }));
    const receiver = leased.use(channel.startReceiver(lease));
    const lastContact = new LastContact(buckets.channels, channel);
    leased.use(
      startOutageNotice({
        channel,
        sender,
        receiver,
        lastContact,
        openQuestions,
        policies,
        logger,
        now,
        outageNoteMs,
        lease,
      }),
    );
    // A process that has lost the lease receives nothing, and that is no problem.
    checkReceiver = async () => (lease.isHeld() ? receiver.check() : undefined);
    opening.move();
    return leased;
  };
  const key = `${channel.name}_${channel.account}`;
  running.use(
    whileLeased({ leases: buckets.leases, key, holder: options.holder, logger, leaseMs }, startLeasedWork),
  );
  const whole = starting.move();
  return {
    check: () => checkReceiver(),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
