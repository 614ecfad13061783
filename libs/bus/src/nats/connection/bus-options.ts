import type { BusObserver } from "../../bus-observer.ts";
import { consumerDefaults } from "../../consumer-defaults.ts";
import type { ConsumerSpec } from "../../event-log.ts";
import type { LoginRefused } from "../../startup-error.ts";
import type { BucketLifetimes, BucketName } from "../../key-value.ts";

/** How the streams and buckets are stored. The bootstrap and every service of a deployment must use the same values. */
export interface NatsStorage {
  /** How long the log keeps an event, in milliseconds. */
  readonly retentionMs: number;
  /** How long each bucket keeps a value. Default: derived from `retentionMs`. */
  readonly lifetimes?: BucketLifetimes;
  /** Replicas of each stream in a cluster. Default 1. */
  readonly replicas?: number;
  /**
   * The maximum size of the requests stream, in bytes. New questions are rejected from 80 % of it on. Default: the limit
   * that an operator has set on the stream, or none.
   */
  readonly maxBytes?: number;
}

/** Where the servers are, and how this process authenticates. */
export interface NatsAccess {
  /** `nats://` or `tls://` addresses of one cluster. The first may contain a user and a password, or a token. */
  readonly servers: string | readonly string[];
  /** Path of a file that holds the addresses instead. It is read again at each connect, for its user and password. */
  readonly urlFile?: string;
  /** The name of this service's connections, and of its inbox: `_INBOX_<name>`. One subject token. */
  readonly name: string;
  /** Path of a credentials file with the user's JWT and seed. It is read again at each connect. */
  readonly credsFile?: string;
  /** Path of the certificate of the authority that signed the servers' certificates. Implies TLS. */
  readonly caFile?: string;
  /** Paths of the client's own certificate and its key, for servers that verify clients. They imply TLS. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The JetStream domain, if the streams are not those of the server itself: it is a leaf node. */
  readonly domain?: string;
}

/** The subjects of JetStream's API begin with it. */
export const apiPrefixOf = ({ domain }: Pick<NatsAccess, "domain">): string =>
  domain === undefined ? "$JS.API" : `$JS.${domain}.API`;

/** For the JetStream clients of a connection. */
export const jetStreamOptions = (access: Pick<NatsAccess, "domain">) => ({
  apiPrefix: apiPrefixOf(access),
  timeout: CALL_TIMEOUT_MS,
});

/** What a service does on the server besides reading the log, which every service does. */
export interface NatsPermissions {
  /** Filters of the subjects to which it appends. */
  readonly appends: readonly string[];
  readonly consumers?: readonly Pick<ConsumerSpec, "name" | "filters">[];
  /** Buckets that it only reads. */
  readonly reads?: readonly BucketName[];
  /** Buckets that it reads and writes. */
  readonly writes?: readonly BucketName[];
  readonly setsTimers?: boolean;
  readonly asksQueries?: boolean;
}

export interface NatsBusOptions extends NatsStorage, NatsAccess {
  /** Permissions to check right after connecting. Default: a missing permission shows at its first use. */
  readonly use?: NatsPermissions;
  /** Delays before the retries of an entry whose handler threw, in milliseconds; the last one repeats. */
  readonly backOffMs?: readonly number[];
  /** An entry is delivered again when its handler has shown no progress for this long, in milliseconds. */
  readonly ackWaitMs?: number;
  /** How long a call with an unknown outcome is retried before it rejects with `Unavailable`, in milliseconds. */
  readonly giveUpAfterMs?: number;
  /** How long disposal waits for running handlers, in milliseconds. */
  readonly stopWithinMs?: number;
  /** How long a consumer may fail to read its stream before `check` rejects, in milliseconds. */
  readonly stalledAfterMs?: number;
  readonly observer?: BusObserver;
  /** Is called once, with the reason, when a server has refused to let this process log in again for a minute. */
  readonly onLoginRefused?: (error: LoginRefused) => void;
  /** How long a refused login is tolerated, in milliseconds. Default: a minute. */
  readonly loginPatienceMs?: number;
  /** Once aborted, a call with an unknown outcome is not retried any more: it rejects with `Unavailable`. */
  readonly stopping?: AbortSignal;
}

export const natsDefaults = {
  backOffMs: consumerDefaults.backOffMs,
  ackWaitMs: 10_000,
  giveUpAfterMs: 15_000,
  stopWithinMs: 10_000,
  stalledAfterMs: 30_000,
} as const;

/** How long one call to the server may take before its outcome counts as unknown, in milliseconds. */
export const CALL_TIMEOUT_MS = 2_000;
