import { listSetting, type logVariables, settingRule } from "@loopgate/settings";
import { z } from "zod";
import { apiKeysFile } from "../access/key-file.ts";
import { isLoopback } from "./loopback.ts";
import { mayListen, openToStrangers } from "./may-listen.ts";

const seconds = (fallback: number) =>
  z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1)
    .default(fallback);

const DAY_MS = 86_400_000;
/** The log keeps an event at least this much longer than the longest question lives (design 5). */
const BEYOND_LONGEST_TIMEOUT_MS = 30 * DAY_MS;

/** Where the gateway listens, and what it lets callers ask for (design 4.5). */
export const gatewayVariables = {
  SERVER_HOST: z.string().default("127.0.0.1"),
  SERVER_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).default(8080),
  LOOPGATE_ALLOWED_HOSTS: listSetting,
  LOOPGATE_INSECURE: z.stringbool("must be 1 or 0").default(false),
  LOOPGATE_API_KEYS_FILE: apiKeysFile.optional(),
  REQUEST_TIMEOUT: seconds(300),
  LOOPGATE_MIN_TIMEOUT_SECONDS: seconds(10),
  LOOPGATE_MAX_TIMEOUT_SECONDS: seconds(2_592_000),
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
  "is greater than LOOPGATE_MAX_TIMEOUT_SECONDS",
  ({ LOOPGATE_MIN_TIMEOUT_SECONDS: min = 0, LOOPGATE_MAX_TIMEOUT_SECONDS: max = Infinity }) => min <= max,
);

export const retentionOutlastsQuestions = settingRule<GatewayRead & LogRead>(
  "LOOPGATE_LOG_RETENTION_DAYS",
  "must be at least LOOPGATE_MAX_TIMEOUT_SECONDS and 30 days: decisions outlast their questions",
  ({ LOOPGATE_LOG_RETENTION_DAYS: days = Infinity, LOOPGATE_MAX_TIMEOUT_SECONDS: longest = 0 }) =>
    days * DAY_MS >= longest * 1_000 + BEYOND_LONGEST_TIMEOUT_MS,
);

export const onlyLoopbackIsOpen = settingRule<GatewayRead>(
  "SERVER_HOST",
  openToStrangers,
  ({ SERVER_HOST: host = "127.0.0.1", LOOPGATE_API_KEYS_FILE: apiKeys, LOOPGATE_INSECURE: insecure }) =>
    mayListen(host, { apiKeys, insecure }),
);

export const gatewaySettingsOf = (read: GatewayRead) => ({
  listen: { host: read.SERVER_HOST, port: read.SERVER_PORT },
  gateway: {
    defaultTimeoutSeconds: read.REQUEST_TIMEOUT,
    minTimeoutSeconds: read.LOOPGATE_MIN_TIMEOUT_SECONDS,
    maxTimeoutSeconds: read.LOOPGATE_MAX_TIMEOUT_SECONDS,
    maxWaitSeconds: read.LOOPGATE_MAX_WAIT_SECONDS,
    allowedHosts: isLoopback(read.SERVER_HOST)
      ? [...read.LOOPGATE_ALLOWED_HOSTS, read.SERVER_HOST]
      : read.LOOPGATE_ALLOWED_HOSTS,
    apiKeys: read.LOOPGATE_API_KEYS_FILE,
    insecure: read.LOOPGATE_INSECURE,
  },
});
