import type { Backlog, BusObserver } from "@loopgate/bus";
import type { DecidedEvent } from "@loopgate/contracts";
import { Counter, Gauge, Histogram } from "prom-client";
import { roleOf } from "./consumer-role.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { cachedReading } from "./cached-reading.ts";
import { workFailures } from "./work-failures.ts";

/** People take seconds or days. */
const DECISION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 2_592_000];

/** Counts what happens inside the bus, in every service; what failed or was given up is also said in the log. */
export function busMetrics(metrics: Metrics, logger: Logger): BusObserver {
  const registers = [metrics];
  const decisions = new Histogram({
    name: "loopgate_decision_seconds",
    help: "From the question to its decision, for decisions made by this process.",
    labelNames: ["outcome"],
    buckets: DECISION_BUCKETS_SECONDS,
    registers,
  });
  const losers = new Counter({
    name: "loopgate_appends_lost_total",
    help: "Questions and decisions that found another one first on their subject.",
    labelNames: ["event"],
    registers,
  });
  const unknown = new Counter({
    name: "loopgate_log_unknown_outcomes_total",
    help: "Calls to the log whose outcome was unknown, by what came next.",
    labelNames: ["next"],
    registers,
  });
  const reconnects = new Counter({
    name: "loopgate_nats_reconnects_total",
    help: "Connections to NATS that were lost and stand again.",
    registers,
  });
  const deadLetters = new Counter({
    name: "loopgate_dead_letters_total",
    help: "Entries of the log that a consumer gave up.",
    labelNames: ["consumer"],
    registers,
  });
  return {
    decided: (created, decision) => {
      const seconds = (Date.parse(decision.time) - Date.parse(created.time)) / 1_000;
      decisions.observe({ outcome: outcomeOf(decision) }, Math.max(seconds, 0));
    },
    lost: (event) => losers.inc({ event }),
    outcomeUnknown: (next) => unknown.inc({ next }),
    reconnected: () => reconnects.inc(),
    failed: workFailures(metrics, logger),
    deadLettered: (consumer) => {
      deadLetters.inc({ consumer: roleOf(consumer) });
      logger.error({ consumer }, "an entry was given up: it stands among the dead letters");
    },
    consumes: backlogMetrics(metrics),
  };
}

/** What consumers have still to do, as the log knows it: replicas show the same. */
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
  gauge("loopgate_consumer_backlog", "Entries that a consumer has still to do.", ({ entries }) => entries);
  gauge(
    "loopgate_consumer_backlog_age_seconds",
    "Since the oldest entry that a consumer has still to do was stored; 0 without one.",
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
