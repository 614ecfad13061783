/**
 * From this share of its maximum size on, a log rejects new questions: the rest is for decisions
 * (docs/architecture.md#streams-subjects-and-buckets).
 */
const FULL_FROM = 0.8;

/** The message of the `LogFull` that rejects a question. */
export const NEARLY_FULL =
  "the log is nearly full and keeps the rest for decisions: enlarge it, or wait until events age out";

/** The message while the place where the log is stored has no room, or only a reserve for decisions. */
export const NO_ROOM =
  "the log has no room left and keeps a reserve for decisions: make room on the disk where it is stored, or raise its limit";

/** True while a log of this size accepts events that must leave headroom. */
export const hasHeadroom = (usedBytes: number, maxBytes: number): boolean => usedBytes < maxBytes * FULL_FROM;
