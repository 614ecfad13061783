import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { cachedFolder } from "../engines/cached-folder.ts";

const HOW_TO = "no Chromium starts: set CHROMIUM_PATH to one, or install chromium or google-chrome";
const UNPACK_TIMEOUT_MS = 180_000;

/**
 * Starts a Chromium without a window: `CHROMIUM_PATH`, else from PATH, else from the package `@sparticuz/chromium`, which
 * is unpacked once per machine. Undefined, with a warning, when there is none to be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI.
 */
export async function startBrowser(): Promise<Browser | undefined> {
  try {
    const executablePath = process.env["CHROMIUM_PATH"] || onPath() || (await fromPackage());
    // Chromium refuses to sandbox its processes for root.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    return await chromium.launch({ executablePath, args });
  } catch (cause) {
    if ((process.env["CI"] ?? "") !== "") throw new Error(HOW_TO, { cause });
    console.warn(`SKIPPED: ${HOW_TO} (${String(cause).split("\n", 1)[0]})`);
    return undefined;
  }
}

const onPath = (): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => ["chromium", "google-chrome"].map((name) => join(folder, name)))
    .find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The package unpacks into the folder for temporary files, so a process of its own gets another one. */
async function fromPackage(): Promise<string> {
  const name = "@sparticuz/chromium";
  const manifest = await readFile(findPackageJSON(name, import.meta.url) ?? "", "utf8");
  const { version }: { readonly version: string } = JSON.parse(manifest);
  const folder = await cachedFolder(`chromium-${version}`, async (TMPDIR) => {
    const script = `import chromium from "${name}"; await chromium.executablePath();`;
    const options = { cwd: import.meta.dirname, env: { ...process.env, TMPDIR }, timeout: UNPACK_TIMEOUT_MS };
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], options);
  });
  return join(folder, "chromium");
}
