import type { Bucket, EventLog, RequestQueries } from "@loopgate/bus";
import { failingBucket, failingLog, failingQueries } from "@loopgate/testing/faults";

/** Which calls of a notifier get no answer: none, until the test changes a member. */
export class Faults {
  /** Appends to these subjects. */
  append: (subject: string) => boolean | Promise<boolean> = () => false;
  /** The start of consumers whose names begin with this. */
  consumer: string | undefined;
  /** So many more reads of the lease. */
  leaseReads = 0;
  /** All queries. */
  queries = false;

  ofLog = (log: EventLog): EventLog =>
    failingLog(log, {
      append: (subject) => this.append(subject),
      consume: ({ name }) => this.consumer !== undefined && name.startsWith(this.consumer),
    });

  ofLeases = (bucket: Bucket): Bucket =>
    failingBucket(bucket, { get: () => this.leaseReads > 0 && this.leaseReads-- > 0 });

  ofQueries = (queries: RequestQueries): RequestQueries => failingQueries(queries, () => this.queries);
}
