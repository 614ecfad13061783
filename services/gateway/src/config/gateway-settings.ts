import type { KeyFile } from "../access/key-file.ts";

/** What an operator decides about the gateway (design 4.5). */
export interface GatewaySettings {
  /** What a question without `timeout_seconds` gets. */
  readonly defaultTimeoutSeconds: number;
  readonly minTimeoutSeconds: number;
  readonly maxTimeoutSeconds: number;
  /** What `wait_seconds` is clamped to. */
  readonly maxWaitSeconds: number;
  /** Host names, besides loopback ones, that requests may name in `Host` and `Origin`; a port is ignored. */
  readonly allowedHosts: readonly string[];
  /** Whoever calls needs one of these keys, also on loopback. Absent: nobody needs one. */
  readonly apiKeys?: KeyFile | undefined;
  /** Listen beyond loopback although nobody there has to prove who they are. Default: refuse. */
  readonly insecure?: boolean;
  /** How many calls may wait at the same time; more are refused with `unavailable`. Default 20,000. */
  readonly maxWaiters?: number;
  /** How often a silent event stream gets a comment, in milliseconds. Default 15,000. */
  readonly keepAliveMs?: number;
}

/** The greatest body of an HTTP request, in bytes (design 4.6). */
export const MAX_BODY_BYTES = 1_048_576;
