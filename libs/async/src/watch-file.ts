import { stat } from "node:fs/promises";

/** How often a file is checked for changes, in milliseconds. */
const CHECK_EVERY_MS = 1_000;

/**
 * Calls `onChange`, which must not reject, when a file may have changed: within seconds, one call at a time, and once soon
 * after the start, because the file may have changed since it was read. Also when the file is gone, or is there again. Never
 * for a pipe, which can be read only once. Disposing stops the checks.
 */
export function watchFile(path: string, onChange: () => Promise<void>): Disposable {
  let version: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  /** Takes the version before the content is read, so that a change during the read is found by the next check. */
  const check = async () => {
    const found = await versionOf(path);
    const isChanged = found !== version && found !== PIPE;
    version = found;
    if (isChanged) await onChange();
    schedule();
  };
  const schedule = () => {
    if (!isStopped) timer = setTimeout(() => void check(), CHECK_EVERY_MS).unref();
  };
  schedule();
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

const PIPE = "no regular file";

/** Differs after every change of the file, also if another file replaced it. */
async function versionOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile() && !found.isDirectory()) return PIPE;
    const { ino, size, mtimeNs, ctimeNs } = found;
    return [ino, size, mtimeNs, ctimeNs].join("-");
  } catch {
    return "unreadable";
  }
}
