// Makes the workspace ready: plain JavaScript without dependencies, because it runs before any are there (Node ≥ 20).
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node 24 comes as a development dependency: the whole product runs on it, whatever the machine has. */
export const node = join(root, "node_modules", "node", "bin", "node");

const modules = join(root, "node_modules");
const marker = join(modules, ".loopgate-setup");
const lock = join(modules, ".loopgate-setup.lock");

/** Installs what the lock file names, if that has not been done yet. Several processes at once install once. */
export async function setUp() {
  const wanted = fingerprint();
  if (isDone(wanted)) return;
  const problem = mayWrite()
    ? await withLock(() => install(wanted))
    : `${root} must be writable for the set-up`;
  if (problem === undefined) return;
  process.stderr.write(`loopgate: ${problem}\n`);
  process.exit(1);
}

const isDone = (wanted) => existsSync(marker) && readFileSync(marker, "utf8") === wanted && existsSync(node);

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function mayWrite() {
  try {
    mkdirSync(modules, { recursive: true });
    accessSync(modules, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The marker comes last: what was interrupted is done again. Returns what went wrong, in one line. */
async function install(wanted) {
  if (isDone(wanted)) return undefined;
  process.stderr.write("loopgate: setting up (first use, or dependencies changed) …\n");
  const pnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
  const command = ["-y", pnpm, "install", "--frozen-lockfile", "--reporter=append-only"];
  const env = { ...process.env, CI: "true" };
  const installer = spawn("npx", command, { cwd: root, stdio: ["ignore", 2, 2], env });
  try {
    await once(installer, "spawn");
    // It goes on if we are killed: others wait for it, not for us.
    writeFileSync(lock, String(installer.pid));
    const [code] = await once(installer, "exit");
    if (code !== 0)
      return "installing the dependencies failed (see above): check the network and the npm registry, then try again";
    writeFileSync(marker, wanted);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return "npm is missing: install Node.js 20 or newer with npm, then try again";
  }
}

/** A lock file that names its owner: left behind by a process that died, it is taken over. */
async function withLock(work) {
  while (!take()) await pause(200);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (isAbandoned(lock)) takeAway();
    return false;
  }
}

/** One process alone moves the file away; if that was not the abandoned one any more, it is put back. */
function takeAway() {
  const moved = `${lock}.${process.pid}`;
  try {
    renameSync(lock, moved);
    if (!isAbandoned(moved)) linkSync(moved, lock);
    rmSync(moved);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  }
}

function isAbandoned(file) {
  try {
    const owner = Number(readFileSync(file, "utf8"));
    if (owner === 0) return Date.now() - statSync(file).mtimeMs > 5_000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH" || error.code === "ENOENT";
  }
}
