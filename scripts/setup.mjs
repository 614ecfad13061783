// Makes the workspace ready: plain JavaScript without dependencies, because it runs before any are there (Node ≥ 20).
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
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
const lock = join(root, "node_modules", ".loopgate-setup.lock");

/** Installs what the lock file names, if that has not been done yet. Several processes at once install once. */
export async function setUp() {
  const wanted = fingerprint();
  if (isDone(wanted)) return;
  mkdirSync(modules, { recursive: true });
  await withLock(async () => {
    if (isDone(wanted)) return;
    process.stderr.write("loopgate: setting up (first use, or dependencies changed) …\n");
    install();
    writeFileSync(marker, wanted);
  });
}

const isDone = (wanted) => existsSync(marker) && readFileSync(marker, "utf8") === wanted && existsSync(node);

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function install() {
  const pnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
  const command = ["-y", pnpm, "install", "--frozen-lockfile", "--reporter=append-only"];
  const { status, error } = spawnSync("npx", command, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, CI: "true" },
  });
  if (status === 0) return;
  process.stderr.write(
    error?.code === "ENOENT"
      ? "loopgate: npm is missing: install Node.js 20 or newer with npm, then try again\n"
      : "loopgate: installing the dependencies failed (see above): check the network and the npm registry, then try again\n",
  );
  process.exit(1);
}

/** A lock file that names its owner: left behind by a process that died, it is taken over. */
async function withLock(work) {
  for (;;) {
    try {
      const file = openSync(lock, "wx");
      writeFileSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isAbandoned()) rmSync(lock, { force: true });
      else await pause(200);
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAbandoned() {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    if (owner === 0) return Date.now() - statSync(lock).mtimeMs > 5_000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH" || error.code === "ENOENT";
  }
}
