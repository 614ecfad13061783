import type { Bucket, KeyValue } from "@loopgate/bus";

/** What a notifier keeps beside the log. */
export interface Buckets {
  /** Which question a message shows. */
  readonly copies: Bucket;
  /** Which process works for a bot. */
  readonly leases: Bucket;
  /** Who answers for a session; the gateway writes it. */
  readonly sessions: Bucket;
  /** What must be remembered of chats and bots beyond any request. */
  readonly channels: Bucket;
}

export const bucketsOf = async (keyValue: KeyValue): Promise<Buckets> => ({
  copies: await keyValue.bucket("copies"),
  leases: await keyValue.bucket("leases"),
  sessions: await keyValue.bucket("sessions"),
  channels: await keyValue.bucket("channels"),
});
