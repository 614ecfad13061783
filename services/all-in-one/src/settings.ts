import { botIdOf } from "@loopgate/contracts";
import { type Environment, listSetting, logLevels, readConfiguration } from "@loopgate/runtime";
import type { RecipientPolicy } from "@loopgate/domain";
import { isLoopback } from "@loopgate/gateway";
import { z } from "zod";

const seconds = (fallback: number) =>
  z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1)
    .default(fallback);
const personId = z.string().regex(/^\d{1,20}$/, "must be the numeric Telegram id of a person");
const chatId = z.string().regex(/^-?\d{1,20}$/, "must be a numeric Telegram id (groups have a negative one)");

const DAY_MS = 86_400_000;
/** The log keeps an event at least this much longer than the longest question lives (design 5). */
const BEYOND_LONGEST_TIMEOUT_MS = 30 * DAY_MS;

/** The environment of the embedded topology (design 4.5). */
const Variables = z
  .object({
    TELEGRAM_BOT_TOKEN: z
      .string()
      .regex(/^\d+:\S+$/, "has not the shape <digits>:<letters>: copy it again from @BotFather")
      .optional(),
    TELEGRAM_CHAT_ID: chatId.optional(),
    TELEGRAM_RESPONDER_IDS: listSetting.pipe(z.array(personId)),
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
  })
  .refine(({ LOOPGATE_MIN_TIMEOUT_SECONDS: min, LOOPGATE_MAX_TIMEOUT_SECONDS: max }) => !(min > max), {
    path: ["LOOPGATE_MIN_TIMEOUT_SECONDS"],
    error: "is greater than LOOPGATE_MAX_TIMEOUT_SECONDS",
    when: always,
  })
  .refine(
    ({ LOOPGATE_LOG_RETENTION_DAYS: days, LOOPGATE_MAX_TIMEOUT_SECONDS: longest }) =>
      !(days * DAY_MS < longest * 1_000 + BEYOND_LONGEST_TIMEOUT_MS),
    {
      path: ["LOOPGATE_LOG_RETENTION_DAYS"],
      error: "must be at least LOOPGATE_MAX_TIMEOUT_SECONDS and 30 days: decisions outlast their questions",
      when: always,
    },
  )
  .refine(({ SERVER_HOST, LOOPGATE_INSECURE }) => LOOPGATE_INSECURE || isLoopback(SERVER_HOST), {
    path: ["SERVER_HOST"],
    error:
      "is not a loopback address, and without keys anybody who reaches it can ask and cancel: " +
      "use 127.0.0.1, or set LOOPGATE_INSECURE=1 if the network around it is closed",
    when: always,
  })
  .refine(
    ({ TELEGRAM_CHAT_ID: chat, TELEGRAM_RESPONDER_IDS: people }) =>
      !(chat?.startsWith("-") && people?.length === 0),
    {
      path: ["TELEGRAM_CHAT_ID"],
      error: "is a group: name who may answer there in TELEGRAM_RESPONDER_IDS",
      when: always,
    },
  );

/** Rules between settings are checked beside broken ones, so that a start reports all problems at once. */
function always(): true {
  return true;
}

/**
 * Reads the settings of the embedded gateway.
 * @throws ConfigurationError with every problem at once.
 */
export function readSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, ["TELEGRAM_BOT_TOKEN"]);
  const token = read.TELEGRAM_BOT_TOKEN;
  const policy: RecipientPolicy = {
    bot: token === undefined ? undefined : botIdOf(token),
    defaultChat: read.TELEGRAM_CHAT_ID,
    responders: read.TELEGRAM_RESPONDER_IDS,
    allowedChats: read.TELEGRAM_ALLOWED_CHATS,
  };
  return {
    telegram:
      token === undefined ? undefined : { token, apiRoot: read.TELEGRAM_API_ROOT?.replace(/\/+$/, "") },
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
      allowedHosts: isLoopback(read.SERVER_HOST)
        ? [...read.LOOPGATE_ALLOWED_HOSTS, read.SERVER_HOST]
        : read.LOOPGATE_ALLOWED_HOSTS,
      insecure: read.LOOPGATE_INSECURE,
    },
  };
}

export type Settings = ReturnType<typeof readSettings>;

function notYet(why: string) {
  return z.undefined(why).optional();
}
