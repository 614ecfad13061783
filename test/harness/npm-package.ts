import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Installs a pinned npm package into a cache folder, once per machine, and returns the folder. For programs that are too
 * large to be a dependency of the workspace. Two runs at once are safe: the finished folder appears in one step.
 * @param script a script of the package that completes the installation
 */
export async function npmPackage(name: string, version: string, script: string): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "loopgate", "npm");
  const folder = join(cache, `${name.replaceAll("/", "+")}-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "installing-"));
  await writeFile(join(unfinished, "package.json"), '{"private":true}');
  await run("npm", ["install", "--no-audit", "--no-fund", `${name}@${version}`], { cwd: unfinished });
  await run(process.execPath, [join(unfinished, "node_modules", name, script)], { cwd: unfinished });
  await rename(unfinished, folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(unfinished, { recursive: true });
  });
  return folder;
}
