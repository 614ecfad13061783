import type { BusObserver } from "../../bus-observer.ts";
import { consumerDefaults } from "../../consumer-defaults.ts";
import type { ConsumerSpec } from "../../event-log.ts";
import type { BucketLifetimes, BucketName } from "../../key-value.ts";

/** How the streams and buckets are kept; `bootstrap` and every service must agree on it. */
export interface NatsStorage {
  /** How long the log keeps an event, in milliseconds. */
  readonly retentionMs: number;
  /** Default: those that fit the retention. */
  readonly lifetimes?: BucketLifetimes;
  /** Copies in a cluster. Default 1. */
  readonly replicas?: number;
  /**
   * The size of the requests stream at which it refuses to grow, in bytes; new questions are refused from four fifths of
   * it on. Default: no limit, or what its operator set.
   */
  readonly maxBytes?: number;
}

/** Where the broker is and how this process is let in. */
export interface NatsAccess {
  /** `nats://` or `tls://` addresses of one cluster; the first may hold a user and a password, or a token. */
  readonly servers: string | readonly string[];
  /** Names this service among the server's connections, and its inbox: `_INBOX_<name>`. A subject token. */
  readonly name: string;
  /** A file with a user's JWT and seed. */
  readonly credsFile?: string;
  /** A file with the certificate of the authority that signed the servers' certificates; asks for TLS. */
  readonly caFile?: string;
}

/** What a service does on the broker; all read the log. */
export interface NatsPermissions {
  /** Filters of the subjects that it appends to. */
  readonly appends: readonly string[];
  readonly consumers?: readonly Pick<ConsumerSpec, "name" | "filters">[];
  /** Buckets that it reads. */
  readonly reads?: readonly BucketName[];
  /** Buckets that it reads and writes. */
  readonly writes?: readonly BucketName[];
  readonly setsTimers?: boolean;
  readonly asksQueries?: boolean;
}

export interface NatsBusOptions extends NatsStorage, NatsAccess {
  /** What this user must be permitted, checked when it connects. Default: whatever is missing shows when it is used. */
  readonly use?: NatsPermissions;
  /** Waits before an entry whose handler threw comes again, in milliseconds, by attempt; the last one repeats. */
  readonly backOffMs?: readonly number[];
  /** After so long without a sign of life of its handler an entry is delivered again, in milliseconds. */
  readonly ackWaitMs?: number;
  /** How long a call whose outcome is unknown is repeated before it is `Unavailable`, in milliseconds. */
  readonly giveUpAfterMs?: number;
  /** How long a disposal waits for handlers that run, in milliseconds. */
  readonly stopWithinMs?: number;
  /** How long a consumer may fail to read its stream until the check fails, in milliseconds. */
  readonly stalledAfterMs?: number;
  readonly observer?: BusObserver;
  /** Once this is aborted, a call whose outcome is unknown is not repeated: it is `Unavailable`. */
  readonly stopping?: AbortSignal;
}

export const natsDefaults = {
  backOffMs: consumerDefaults.backOffMs,
  ackWaitMs: 10_000,
  giveUpAfterMs: 15_000,
  stopWithinMs: 10_000,
  stalledAfterMs: 30_000,
} as const;

/** How long one call to the server may take before its outcome counts as unknown. */
export const CALL_TIMEOUT_MS = 2_000;
