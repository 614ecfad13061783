import { isIP } from "node:net";
import { botIdOf } from "@loopgate/contracts";
import {
  ConfigurationError,
  type Environment,
  listSetting,
  logLevels,
  readConfiguration,
} from "@loopgate/runtime";
import { recipientAt, type RecipientPolicy } from "@loopgate/domain";
import { z } from "zod";

const seconds = (fallback: number) =>
  z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1)
    .default(fallback);
const chatId = z.string().regex(/^-?\d{1,20}$/, "must be a numeric Telegram id (groups have a negative one)");

/** The environment of the embedded topology (design 4.5). */
const Variables = z.object({
  TELEGRAM_BOT_TOKEN: z
    .string()
    .regex(/^\d+:\S+$/, "has not the shape <digits>:<letters>: copy it again from @BotFather")
    .optional(),
  TELEGRAM_CHAT_ID: chatId.optional(),
  TELEGRAM_RESPONDER_IDS: listSetting.pipe(z.array(chatId)),
  TELEGRAM_ALLOWED_CHATS: listSetting.pipe(z.array(chatId)),
  TELEGRAM_API_ROOT: z.url("must be an http(s) URL").optional(),
  SERVER_HOST: z.string().default("127.0.0.1"),
  SERVER_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).default(8080),
  LOOPGATE_ALLOWED_HOSTS: listSetting,
  LOOPGATE_INSECURE: z.stringbool("must be 1 or 0").default(false),
  LOOPGATE_DATA_DIR: z.string().optional(),
  LOOPGATE_LOG_RETENTION_DAYS: z.coerce.number("must be a number of days").int().min(31).default(90),
  REQUEST_TIMEOUT: seconds(300),
  LOOPGATE_MIN_TIMEOUT_SECONDS: seconds(10),
  LOOPGATE_MAX_TIMEOUT_SECONDS: seconds(2_592_000),
  LOOPGATE_MAX_WAIT_SECONDS: z.coerce
    .number("must be a whole number of seconds")
    .int()
    .min(0)
    .max(3_600)
    .default(50),
  LOG_LEVEL: z.enum(logLevels).default("info"),
  LOOPGATE_API_KEYS_FILE: notYet("API keys are not built yet: unset it and stay on loopback"),
  TELEGRAM_WEBHOOK_URL: notYet("webhook mode is not built yet: unset it, Loopgate polls"),
});

const DAY_MS = 86_400_000;
/** Retention outlasts the longest question by this much, so that no decision is lost to age-out (design 5). */
const MIN_DAYS_BEYOND_LONGEST_TIMEOUT = 30;

export type Settings = ReturnType<typeof readSettings>;

/**
 * Reads the settings of the embedded gateway.
 * @throws ConfigurationError with every problem at once.
 */
export function readSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, ["TELEGRAM_BOT_TOKEN"]);
  const policy: RecipientPolicy = {
    bot: read.TELEGRAM_BOT_TOKEN === undefined ? undefined : botIdOf(read.TELEGRAM_BOT_TOKEN),
    defaultChat: read.TELEGRAM_CHAT_ID,
    responders: read.TELEGRAM_RESPONDER_IDS,
    allowedChats: read.TELEGRAM_ALLOWED_CHATS,
  };
  const problems = [...contradictions(read), ...bindingProblems(read), ...recipientProblems(policy)];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    telegram:
      read.TELEGRAM_BOT_TOKEN === undefined
        ? undefined
        : { token: read.TELEGRAM_BOT_TOKEN, apiRoot: read.TELEGRAM_API_ROOT?.replace(/\/+$/, "") },
    policy,
    listen: { host: read.SERVER_HOST, port: read.SERVER_PORT },
    dataDirectory: read.LOOPGATE_DATA_DIR,
    retentionMs: read.LOOPGATE_LOG_RETENTION_DAYS * DAY_MS,
    logLevel: read.LOG_LEVEL,
    gateway: {
      defaultTimeoutSeconds: read.REQUEST_TIMEOUT,
      minTimeoutSeconds: read.LOOPGATE_MIN_TIMEOUT_SECONDS,
      maxTimeoutSeconds: read.LOOPGATE_MAX_TIMEOUT_SECONDS,
      maxWaitSeconds: read.LOOPGATE_MAX_WAIT_SECONDS,
      allowedHosts: read.LOOPGATE_ALLOWED_HOSTS,
      insecure: read.LOOPGATE_INSECURE,
    },
  };
}

type Read = z.infer<typeof Variables>;

function contradictions(read: Read): readonly string[] {
  const problems: string[] = [];
  if (read.LOOPGATE_MIN_TIMEOUT_SECONDS > read.LOOPGATE_MAX_TIMEOUT_SECONDS) {
    problems.push("LOOPGATE_MIN_TIMEOUT_SECONDS: is greater than LOOPGATE_MAX_TIMEOUT_SECONDS");
  }
  const longestDays = read.LOOPGATE_MAX_TIMEOUT_SECONDS / 86_400 + MIN_DAYS_BEYOND_LONGEST_TIMEOUT;
  if (read.LOOPGATE_LOG_RETENTION_DAYS < longestDays) {
    problems.push(
      `LOOPGATE_LOG_RETENTION_DAYS: must be at least ${Math.ceil(longestDays)}: the longest timeout and 30 days`,
    );
  }
  return problems;
}

function bindingProblems({ SERVER_HOST, LOOPGATE_INSECURE }: Read): readonly string[] {
  if (LOOPGATE_INSECURE || isLoopback(SERVER_HOST)) return [];
  return [
    "SERVER_HOST: is not a loopback address, and without keys anybody who reaches it can ask and cancel: " +
      "use 127.0.0.1, or set LOOPGATE_INSECURE=1 if the network around it is closed",
  ];
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

function recipientProblems(policy: RecipientPolicy): readonly string[] {
  if (policy.bot === undefined || policy.defaultChat === undefined) return [];
  if (recipientAt(policy, policy.defaultChat).kind !== "no_responders") return [];
  return ["TELEGRAM_CHAT_ID: is a group: name who may answer there in TELEGRAM_RESPONDER_IDS"];
}

function notYet(why: string) {
  return z.undefined(why).optional();
}
