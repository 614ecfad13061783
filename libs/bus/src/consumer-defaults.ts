/** What the one who starts a consumer leaves open, whatever the log. */
export const consumerDefaults = {
  maxInFlight: 64,
  maxAttempts: 5,
  backOffMs: [1_000, 2_000, 5_000, 10_000, 30_000],
} as const;
