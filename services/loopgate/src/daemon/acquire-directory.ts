import { sleep } from "@loopgate/async";
import { linesOf } from "@loopgate/runtime/lines";
import { InUse, lockDirectory, lockTurn } from "../data-directory.ts";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import type { Handshake } from "../stdio-proxy/handshake.ts";

/** A process that ends has its directory for so long at most (30 s of grace), in milliseconds. */
const PATIENCE_MS = 35_000;
const RETRY_MS = 50;

/** Takes a data directory for a daemon; undefined when another process serves it. */
export const claimUnlessServed = (directory: string): Promise<Disposable | undefined> =>
  claim(
    () => {
      // The foreground keeps its turn until it has the directory: no daemon comes between.
      using turn = lockTurn(directory);
      return turn && lockDirectory(directory);
    },
    async () => {
      const socket = await connectToDaemon(directory);
      socket?.destroy();
      return socket !== undefined;
    },
  );

/**
 * Takes a data directory for the foreground: a daemon that has it finishes and hands over.
 * @throws InUse if it is another foreground's.
 */
export async function claimByHandOver(directory: string, handshake: Handshake): Promise<Disposable> {
  using turn = await claim(
    () => lockTurn(directory),
    async () => false,
  );
  const claimed =
    turn &&
    (await claim(
      () => lockDirectory(directory),
      () => isRefused(directory, handshake),
    ));
  if (claimed === undefined) throw new InUse(`on ${directory}`, "LOOPGATE_DATA_DIR");
  return claimed;
}

/** Undefined once it is in vain, or took too long. */
async function claim(
  take: () => Disposable | undefined,
  isInVain: () => Promise<boolean>,
): Promise<Disposable | undefined> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (performance.now() < giveUpAt) {
    const taken = take();
    if (taken !== undefined) return taken;
    if (await isInVain()) return undefined;
    await sleep(RETRY_MS);
  }
  return undefined;
}

/** A daemon that hands over says nothing and hangs up. */
async function isRefused(directory: string, handshake: Handshake): Promise<boolean> {
  const socket = await connectToDaemon(directory);
  if (socket === undefined) return false;
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.write(`${JSON.stringify(handshake)}\n`);
  try {
    const answer = await linesOf(socket).next();
    return answer.done !== true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
