/** From this share of its maximum size on, a log rejects new questions: the rest is for decisions (docs/architecture.md#streams-subjects-and-buckets). */
const FULL_FROM = 0.8;

/** The message of the `LogFull` that rejects a question. */
export const NEARLY_FULL =
  "the log is nearly full and keeps the rest for decisions: enlarge it, or wait until events age out";

/** True while a log of this size accepts events that must leave headroom. */
export const hasHeadroom = (usedBytes: number, maxBytes: number): boolean => usedBytes < maxBytes * FULL_FROM;
