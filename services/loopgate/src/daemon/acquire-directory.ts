import { sleep } from "@loopgate/async";
import { linesOf } from "@loopgate/runtime/lines";
import { AlreadyServedError, lockDirectory, lockQueue } from "../data-directory.ts";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import type { Handshake } from "../stdio-proxy/handshake.ts";

/** A process that ends releases its directory within 30 s, its grace period; a little more, in milliseconds. */
const TIMEOUT_MS = 35_000;
const RETRY_MS = 50;

/** Locks a data directory for a daemon; undefined if another process serves it. */
export const acquireUnlessServed = (directory: string): Promise<Disposable | undefined> =>
  lockWithRetries(
    () => {
      // A waiting foreground process holds the queue until it has the directory: no daemon overtakes it.
      using queue = lockQueue(directory);
      return queue && lockDirectory(directory);
    },
    async () => {
      const socket = await connectToDaemon(directory);
      socket?.destroy();
      return socket !== undefined;
    },
  );

/**
 * Locks a data directory for a foreground process: a daemon that serves it is told to end.
 * @throws AlreadyServedError if another foreground process serves it.
 */
export async function acquireFromDaemon(directory: string, handshake: Handshake): Promise<Disposable> {
  using queue = await lockWithRetries(
    () => lockQueue(directory),
    async () => false,
  );
  const lock =
    queue &&
    (await lockWithRetries(
      () => lockDirectory(directory),
      () => isRefused(directory, handshake),
    ));
  if (lock === undefined) throw new AlreadyServedError(directory, "LOOPGATE_DATA_DIR");
  return lock;
}

/** Undefined after the timeout, or once `shouldStop` says that retries are pointless. */
async function lockWithRetries(
  lock: () => Disposable | undefined,
  shouldStop: () => Promise<boolean>,
): Promise<Disposable | undefined> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (performance.now() < deadline) {
    const locked = lock();
    if (locked !== undefined) return locked;
    if (await shouldStop()) return undefined;
    await sleep(RETRY_MS);
  }
  return undefined;
}

/** False also for a daemon that hands over: it closes the connection without a reply. */
async function isRefused(directory: string, handshake: Handshake): Promise<boolean> {
  const socket = await connectToDaemon(directory);
  if (socket === undefined) return false;
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.write(`${JSON.stringify(handshake)}\n`);
  try {
    const reply = await linesOf(socket).next();
    return reply.done !== true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
