import {
  isLoopback,
  listSetting,
  type logVariables,
  serverSettingsOf,
  serverVariables,
  settingRule,
} from "@loopgate/settings";
import { z } from "zod";
import { apiKeysFile, type KeyFile } from "../access/key-file.ts";

/** What an operator decides about the gateway (docs/configuration.md). */
export interface GatewaySettings {
  /** For questions without `timeout_seconds`. */
  readonly defaultTimeoutSeconds: number;
  readonly minTimeoutSeconds: number;
  readonly maxTimeoutSeconds: number;
  /** The upper limit of `wait_seconds`. */
  readonly maxWaitSeconds: number;
  /** How long after its request's end an idempotency key is answered with that request. Default 600. */
  readonly keyReplaySeconds?: number;
  /** Host names that `Host` and `Origin` may contain besides loopback names. Ports are ignored. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call, besides loopback ones. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** Every caller needs one of these keys, also on loopback. Absent: no caller needs a key. */
  readonly apiKeys?: KeyFile | undefined;
  /** Allows listening beyond loopback without keys. Default: false. */
  readonly insecure?: boolean;
  /** How many calls may wait at the same time; further ones fail with `unavailable`. Default: 20,000. */
  readonly maxWaiters?: number;
  /** The interval between comments on a silent event stream, in milliseconds. Default: 15,000. */
  readonly keepAliveMs?: number;
}

const seconds = (fallback: number) =>
  z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1)
    .default(fallback);

const origins = listSetting
  .transform((list) => list.map(originOf))
  .refine(
    (list) => !list.includes(undefined),
    "must be origins such as https://app.example.com: a scheme and a host, without a path",
  )
  .transform((list) => list.filter((origin) => origin !== undefined));

/** An origin as browsers send it; undefined for anything else. */
function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*]+\/?$/i.test(text)) return undefined;
  // Schemes of applications and extensions have no origin in the URL standard, but browsers send them like others.
  return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
}

const DAY_MS = 86_400_000;
/**
 * How much longer the log keeps an event than the longest question lives, at least
 * (docs/architecture.md#streams-subjects-and-buckets).
 */
const RETENTION_MARGIN_MS = 30 * DAY_MS;

/** Where the gateway listens, and the limits for callers (docs/configuration.md). */
export const gatewayVariables = {
  ...serverVariables,
  LOOPGATE_ALLOWED_ORIGINS: origins,
  LOOPGATE_INSECURE: z.stringbool("must be 1 or 0").default(false),
  LOOPGATE_API_KEYS_FILE: apiKeysFile.optional(),
  REQUEST_TIMEOUT: seconds(300),
  LOOPGATE_MIN_TIMEOUT_SECONDS: seconds(10),
  LOOPGATE_MAX_TIMEOUT_SECONDS: seconds(2_592_000),
  LOOPGATE_KEY_REPLAY_SECONDS: seconds(600),
  LOOPGATE_MAX_WAIT_SECONDS: z.coerce
    .number("must be a whole number of seconds")
    .int()
    .min(0)
    .max(3_600)
    .default(50),
};

type GatewayRead = z.infer<z.ZodObject<typeof gatewayVariables>>;
type LogRead = z.infer<z.ZodObject<typeof logVariables>>;

export const timeoutsAreOrdered = settingRule<GatewayRead>(
  "LOOPGATE_MIN_TIMEOUT_SECONDS",
  "is greater than LOOPGATE_MAX_TIMEOUT_SECONDS: lower it, or raise the maximum",
  ({ LOOPGATE_MIN_TIMEOUT_SECONDS: min = 0, LOOPGATE_MAX_TIMEOUT_SECONDS: max = Infinity }) => min <= max,
);

export const retentionOutlastsQuestions = settingRule<GatewayRead & LogRead>(
  "LOOPGATE_LOG_RETENTION_DAYS",
  "must be at least LOOPGATE_MAX_TIMEOUT_SECONDS plus 30 days: raise it, or lower the maximum timeout",
  ({ LOOPGATE_LOG_RETENTION_DAYS: days = Infinity, LOOPGATE_MAX_TIMEOUT_SECONDS: longest = 0 }) =>
    days * DAY_MS >= longest * 1_000 + RETENTION_MARGIN_MS,
);

/** Why an address is rejected, and the remedies. The name of its setting precedes the sentence. */
export const OPEN_TO_NETWORK =
  "is not a loopback address, and without API keys everyone who reaches it can ask and cancel: " +
  "name a file of keys in LOOPGATE_API_KEYS_FILE, use 127.0.0.1, or set LOOPGATE_INSECURE=1 if the network is closed";

export const onlyLoopbackIsOpen = settingRule<GatewayRead>(
  "SERVER_HOST",
  OPEN_TO_NETWORK,
  ({ SERVER_HOST: host = "127.0.0.1", LOOPGATE_API_KEYS_FILE: apiKeys, LOOPGATE_INSECURE: insecure }) =>
    mayListen(host, { apiKeys, insecure }),
);

export const gatewaySettingsOf = (read: GatewayRead) => {
  const { listen, allowedHosts } = serverSettingsOf(read);
  return { listen, gateway: { ...limitsOf(read), allowedHosts } };
};

const limitsOf = (read: GatewayRead) => ({
  defaultTimeoutSeconds: read.REQUEST_TIMEOUT,
  minTimeoutSeconds: read.LOOPGATE_MIN_TIMEOUT_SECONDS,
  maxTimeoutSeconds: read.LOOPGATE_MAX_TIMEOUT_SECONDS,
  maxWaitSeconds: read.LOOPGATE_MAX_WAIT_SECONDS,
  keyReplaySeconds: read.LOOPGATE_KEY_REPLAY_SECONDS,
  allowedOrigins: read.LOOPGATE_ALLOWED_ORIGINS,
  apiKeys: read.LOOPGATE_API_KEYS_FILE,
  insecure: read.LOOPGATE_INSECURE,
});

interface NetworkProtection {
  readonly apiKeys?: unknown;
  readonly insecure?: boolean | undefined;
}

/** Beyond loopback, callers need keys, or the operator accepts the risk (docs/interface.md#sessions-and-recipients). */
export const mayListen = (host: string, { apiKeys, insecure = false }: NetworkProtection): boolean =>
  isLoopback(host) || apiKeys !== undefined || insecure;
