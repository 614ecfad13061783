import { z } from "zod";

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const DAY_MS = 86_400_000;

/** The retention and size of the event log, and the level of this process's own log. */
export const logVariables = {
  LOOPGATE_LOG_RETENTION_DAYS: z.coerce.number("must be a number of days").int().min(31).default(90),
  LOOPGATE_LOG_MAX_BYTES: z.coerce
    .number("must be a number of bytes")
    .int("must be a whole number of bytes")
    .min(10_000_000, "must be at least 10000000: a smaller log has no room for decisions")
    .optional(),
  LOG_LEVEL: z.enum(logLevels).default("info"),
};

export const logSettingsOf = (read: z.infer<z.ZodObject<typeof logVariables>>) => ({
  logLevel: read.LOG_LEVEL,
  storage: {
    retentionMs: read.LOOPGATE_LOG_RETENTION_DAYS * DAY_MS,
    ...(read.LOOPGATE_LOG_MAX_BYTES === undefined ? {} : { maxBytes: read.LOOPGATE_LOG_MAX_BYTES }),
  },
});
