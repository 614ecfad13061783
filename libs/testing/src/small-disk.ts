import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A disk of a few megabytes that a test can fill and enlarge. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  resize(megabytes: number): Promise<void>;
  /** Fills it with a file. Returns its path. */
  fill(): Promise<string>;
}

/** Undefined, with a warning, where this process may not mount one. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), "loopgate-disk-"));
  const size = (megabytes: number) => `size=${megabytes}m`;
  try {
    await run("mount", ["-t", "tmpfs", "-o", size(megabytes), "tmpfs", path]);
  } catch {
    await rm(path, { recursive: true });
    console.warn("SKIPPED: tests on a small disk, because mounting one needs root");
    return undefined;
  }
  return {
    path,
    resize: async (megabytes) => void (await run("mount", ["-o", `remount,${size(megabytes)}`, path])),
    fill: async () => {
      const file = join(path, "filler");
      const { bavail, bsize } = await statfs(path);
      // Another process may take a part of that meanwhile: then the file takes the rest.
      await writeFile(file, Buffer.alloc(bavail * bsize, 1)).catch(() => undefined);
      return file;
    },
    [Symbol.asyncDispose]: async () => {
      await run("umount", ["--lazy", path]);
      await rm(path, { recursive: true });
    },
  };
}
