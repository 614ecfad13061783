import { type Backlog, type BusObserver, Unavailable } from "@loopgate/bus";
import type { DecidedEvent } from "@loopgate/contracts";
import { Counter, Gauge, Histogram } from "prom-client";
import { describeError, type Logger } from "./logger.ts";
import { cachedReading, type Metrics } from "./metrics.ts";

/** The minimum interval between two log lines about the same failure, in milliseconds. */
const REPORT_EVERY_MS = 60_000;

/** People take between seconds and weeks to decide. */
const DECISION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 2_592_000];

/** Metrics of the bus, the same in every service. Failures and dead letters are logged, too. */
export function busMetrics(metrics: Metrics, logger: Logger): BusObserver {
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers: [metrics] });
  const decisions = new Histogram({
    name: "loopgate_decision_seconds",
    help: "Seconds from the question to its decision, for decisions made by this process.",
    labelNames: ["outcome"],
    buckets: DECISION_BUCKETS_SECONDS,
    registers: [metrics],
  });
  const lost = counter(
    "loopgate_appends_lost_total",
    "Questions and decisions that were not the first on their subject.",
    "event",
  );
  const unknown = counter(
    "loopgate_log_unknown_outcomes_total",
    "Calls to the log whose outcome was unknown, by what happened next.",
    "next",
  );
  const reconnects = counter(
    "loopgate_nats_reconnects_total",
    "Connections to NATS that were lost and re-established.",
  );
  const deadLetters = counter(
    "loopgate_dead_letters_total",
    "Log entries that a consumer gave up, and what people sent that can't be stored.",
    "consumer",
  );
  return {
    decided: (created, decision) => {
      const seconds = (Date.parse(decision.time) - Date.parse(created.time)) / 1_000;
      decisions.observe({ outcome: outcomeOf(decision) }, Math.max(seconds, 0));
    },
    lost: (event) => lost.inc({ event }),
    outcomeUnknown: (next) => unknown.inc({ next }),
    warned: (message) => logger.warn(message),
    disconnected: (err) => logger.warn({ err }, "NATS is disconnected"),
    reconnected: () => {
      reconnects.inc();
      logger.info("NATS is connected again");
    },
    failed: workFailures(metrics, logger),
    deadLettered: (consumer, what) => {
      deadLetters.inc({ consumer: roleOf(consumer) });
      logger.error({ consumer, ...what }, "gave up an entry: inspect the dead letters");
    },
    consumes: backlogMetrics(metrics),
  };
}

/** Counts failures of the bus's work. Logs each kind at once, then at most once per minute with its count. */
function workFailures(metrics: Metrics, logger: Logger): BusObserver["failed"] {
  const failures = new Counter({
    name: "loopgate_work_failures_total",
    help: "Work on the log that failed and is retried, by kind, consumer and error.",
    labelNames: ["work", "consumer", "error"],
    registers: [metrics],
  });
  const timesToReport = reportLimiter();
  return ({ kind: work, ...details }, error) => {
    const { name } = describeError(error);
    const consumer = "consumer" in details ? details.consumer : "";
    failures.inc({ work, consumer: roleOf(consumer), error: name });
    const times = timesToReport(`${work} ${consumer} ${name}`);
    if (times === 0) return;
    const level = error instanceof Unavailable ? "warn" : "error";
    const line = { work, ...details, error: name, at: stackFrameOf(error), times };
    logger[level](line, "work on the log failed and is retried");
  };
}

/** Returns how often a failure happened since it was last reported, or 0 if that was less than a minute ago. */
function reportLimiter(): (failure: string) => number {
  const reported = new Map<string, { readonly at: number; suppressed: number }>();
  return (failure) => {
    const last = reported.get(failure);
    const now = performance.now();
    if (last !== undefined && now - last.at < REPORT_EVERY_MS) {
      last.suppressed += 1;
      return 0;
    }
    reported.set(failure, { at: now, suppressed: 0 });
    return 1 + (last?.suppressed ?? 0);
  };
}

/** Where an error was thrown: its stack without the message, which may contain what people wrote. */
function stackFrameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, frames] = error.stack?.split(`: ${error.message}\n    at `, 2) ?? [];
  return frames?.split("\n", 1)[0];
}

/** The backlog of each consumer. The log reports it, so all replicas of a service show the same values. */
function backlogMetrics(metrics: Metrics): BusObserver["consumes"] {
  const backlogs = new Map<string, () => Promise<Backlog | undefined>>();
  const gauge = (name: string, help: string, valueOf: (backlog: Backlog) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["consumer"],
      registers: [metrics],
      async collect() {
        const taken = await Promise.all(
          [...backlogs].map(async ([name, take]) => [name, await take()] as const),
        );
        this.reset();
        for (const [consumer, backlog] of taken) {
          if (backlog !== undefined) this.set({ consumer }, valueOf(backlog));
        }
      },
    });
  gauge(
    "loopgate_consumer_backlog",
    "Entries that a consumer still has to handle.",
    ({ entries }) => entries,
  );
  gauge(
    "loopgate_consumer_backlog_age_seconds",
    "Seconds since the oldest entry in the backlog of a consumer was stored; 0 if it is empty.",
    ({ oldestStoredAt }) =>
      oldestStoredAt === undefined ? 0 : Math.max(Date.now() - Date.parse(oldestStoredAt), 0) / 1_000,
  );
  return (consumer, backlog) => {
    const role = roleOf(consumer);
    const take = cachedReading(backlog);
    backlogs.set(role, take);
    return {
      [Symbol.dispose]: () => {
        if (backlogs.get(role) === take) backlogs.delete(role);
      },
    };
  };
}

function outcomeOf({ data }: DecidedEvent): string {
  if (data.kind !== "answered") return data.kind;
  if (data.answer.type === "text") return "answered";
  return outcomes[data.answer.effect];
}

const outcomes = { approve: "approved", deny: "denied", neutral: "answered" } as const;

/** A consumer's name without the account it works for: a label must not contain account ids. */
const roleOf = (consumer: string): string => consumer.replace(/-\d+$/, "");
