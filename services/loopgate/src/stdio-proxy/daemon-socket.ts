import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const SOCKET = "daemon.sock";

/** Runs `work` in a directory. The path of a socket may have 107 characters at most; its bare name always fits. */
export function inDirectory<Result>(directory: string, work: () => Result): Result {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}

/** A connection to the process that serves this data directory; undefined if none listens. */
export async function connectToDaemon(directory: string): Promise<Socket | undefined> {
  try {
    const socket = inDirectory(directory, () => connect(SOCKET));
    await once(socket, "connect");
    return socket.on("error", () => socket.destroy());
  } catch {
    return undefined;
  }
}
