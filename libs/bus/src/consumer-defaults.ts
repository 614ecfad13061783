/** Defaults for `ConsumerSpec`, and the delays before the retries of an entry whose handler threw. */
export const consumerDefaults = {
  maxInFlight: 64,
  maxAttempts: 5,
  backOffMs: [1_000, 2_000, 5_000, 10_000, 30_000],
} as const;
