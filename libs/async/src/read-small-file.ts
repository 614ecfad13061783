import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { sleep } from "./sleep.ts";
import { withTimeout } from "./with-timeout.ts";

export interface SmallFileLimits {
  /** Default: 1 MiB. */
  readonly maxBytes?: number;
  /** In milliseconds. Default: 2,000. */
  readonly withinMs?: number;
}

/** Why a file is not read to its end. The message completes "the file …". */
export class FileLimitExceeded extends Error {
  override readonly name = "FileLimitExceeded";
}

const MAX_BYTES = 1_048_576;
const WITHIN_MS = 2_000;
const CHUNK_BYTES = 65_536;

/** The pause before an empty pipe is read again, in milliseconds. */
const POLL_MS = 20;

/**
 * Reads a file of settings or secrets: a regular file, or a pipe until its writer closes it. Opening a pipe without
 * `O_NONBLOCK` would wait for its writer in a thread that file operations of the whole process share.
 * @throws FileLimitExceeded for a file that is too large or does not end in time; errors of the file system.
 */
export function readSmallFile(path: string, limits: SmallFileLimits = {}): Promise<Buffer> {
  const { maxBytes = MAX_BYTES, withinMs = WITHIN_MS } = limits;
  const deadline = AbortSignal.timeout(withinMs);
  return withTimeout(read(path, maxBytes, deadline), withinMs, () => undefined).then((content) => {
    if (content === undefined) throw new FileLimitExceeded(`does not end within ${withinMs} ms`);
    return content;
  });
}

/** Undefined if the deadline passes before the end: what was read by then is of no use. */
async function read(path: string, maxBytes: number, deadline: AbortSignal): Promise<Buffer | undefined> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const isRegular = (await file.stat()).isFile();
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (!deadline.aborted) {
    const chunk = await nextChunk(file);
    if (chunk !== undefined && chunk.length > 0) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) throw new FileLimitExceeded(`has more than ${maxBytes} bytes`);
      continue;
    }
    // Nothing at all in a pipe: its writer has not opened it yet.
    if (chunk !== undefined && (isRegular || bytes > 0)) return Buffer.concat(chunks);
    await sleep(POLL_MS, deadline);
  }
  return undefined;
}

/** Empty at the end; undefined while a pipe has nothing yet. */
async function nextChunk(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}
