import { NO_ROOM } from "../capacity.ts";
import { LogFull, Unavailable } from "../event-log.ts";
import { tooLarge } from "../rejected.ts";

const BUSY = 5;
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;
const TOO_BIG = 18;

/**
 * Result codes after which a retry may succeed: busy, locked, out of memory, read-only, I/O error, corrupt, cannot open,
 * lock protocol.
 */
const RETRYABLE = new Set([BUSY, 6, 7, 8, 10, 11, 14, 15]);

/** Turns the faults of disk, memory or other processes into errors after which the caller may retry. */
export function translated(error: unknown): unknown {
  if (codeOf(error) === TOO_BIG) return tooLarge(error);
  if (isFull(error)) return new LogFull(NO_ROOM, { cause: error });
  if (!RETRYABLE.has(codeOf(error))) return error;
  return new Unavailable("the database does not answer", { cause: error });
}

export const isFull = (error: unknown): boolean => codeOf(error) === FULL;

/** Without room, SQLite reports what it could not create or enlarge in several ways. */
export const isWriteFault = (error: unknown): boolean => [IO_ERROR, CANNOT_OPEN].includes(codeOf(error));

/** SQLite's primary result code; 0 for any other error. */
const codeOf = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : 0;

/** True if another connection holds the lock that was needed. */
export const isBusy = (error: unknown): boolean => codeOf(error) === BUSY;
