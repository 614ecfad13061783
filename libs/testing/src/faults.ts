import type { CancelCommand, ListQuery, RequestFilter, StatusQuery } from "@loopgate/contracts";
import { type Bucket, type EventLog, Rejected, type RequestQueries, Unavailable } from "@loopgate/bus";

/** For some methods of a port: whether a call fails. A test may change its answers while the port is in use. */
export type Failures<Port, Method extends keyof Port> = {
  readonly [Name in Method]?: (
    ...args: Port[Name] extends (...args: infer Args) => unknown ? Args : never
  ) => boolean | Promise<boolean>;
};

/** The same log, with some methods replaced. */
export const replacedLog = (log: EventLog, methods: Partial<EventLog>): EventLog => ({
  append: log.append.bind(log),
  last: log.last.bind(log),
  newest: log.newest.bind(log),
  below: log.below.bind(log),
  replay: log.replay.bind(log),
  consume: log.consume.bind(log),
  tail: log.tail.bind(log),
  head: log.head.bind(log),
  follow: log.follow.bind(log),
  ...methods,
});

/** The same log, which does not answer some calls. */
export const failingLog = (
  log: EventLog,
  { append, newest, consume }: Failures<EventLog, "append" | "newest" | "consume">,
): EventLog =>
  replacedLog(log, {
    append: failing(log.append.bind(log), append),
    newest: failing(log.newest.bind(log), newest),
    consume: failing(log.consume.bind(log), consume),
  });

/** The same log, which rejects every larger event, as a server with a limit for messages does. */
export const smallLog = (log: EventLog, maxBytes: number): EventLog =>
  replacedLog(log, {
    append: async (subject, event, options) => {
      if (bytesOf(event) > maxBytes) throw new Rejected("too large, as this test wants it", { maxBytes });
      return log.append(subject, event, options);
    },
  });

/** The same log as a lagging replica shows it: reads include only what they require. */
export const laggingLog = (log: EventLog): EventLog =>
  replacedLog(log, {
    below: async (prefix, atLeast = Infinity) =>
      (await log.below(prefix)).filter(({ seq }) => seq <= atLeast),
  });

/** The same bucket, which does not answer some reads. */
export const failingBucket = (bucket: Bucket, { get }: Failures<Bucket, "get">): Bucket => ({
  get: failing(bucket.get.bind(bucket), get),
  create: bucket.create.bind(bucket),
  update: bucket.update.bind(bucket),
  delete: bucket.delete.bind(bucket),
});

/** The same queries, which get no answer while `isAway`, as if no `state` served. */
export const failingQueries = (queries: RequestQueries, isAway: () => boolean): RequestQueries => ({
  status: failing((query: StatusQuery) => queries.status(query), isAway),
  timeline: failing((query: StatusQuery) => queries.timeline(query), isAway),
  list: failing((query: ListQuery) => queries.list(query), isAway),
  count: failing((filter: RequestFilter) => queries.count(filter), isAway),
  cancel: failing((command: CancelCommand) => queries.cancel(command), isAway),
});

const failing =
  <Args extends readonly unknown[], Result>(
    call: (...args: Args) => Promise<Result>,
    fails: (...args: Args) => boolean | Promise<boolean> = () => false,
  ) =>
  async (...args: Args): Promise<Result> => {
    if (await fails(...args)) throw new Unavailable("no answer, as this test wants it");
    return call(...args);
  };

/** 0 for what can't be written, which the log itself rejects. */
function bytesOf(event: object): number {
  try {
    return Buffer.byteLength(JSON.stringify(event));
  } catch {
    return 0;
  }
}
