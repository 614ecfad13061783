import type { Bucket, KeyValue } from "@loopgate/bus";

/** What a notifier keeps beside the log. */
export interface Buckets {
  /** The question that a message shows. */
  readonly copies: Bucket;
  /** The process that sends and receives for an account. */
  readonly leases: Bucket;
  /** Who answers for a session; the gateway writes it. */
  readonly sessions: Bucket;
  /** What a channel remembers beyond any request. */
  readonly channels: Bucket;
}

export const bucketsOf = async (keyValue: KeyValue): Promise<Buckets> => ({
  copies: await keyValue.bucket("copies"),
  leases: await keyValue.bucket("leases"),
  sessions: await keyValue.bucket("sessions"),
  channels: await keyValue.bucket("channels"),
});
