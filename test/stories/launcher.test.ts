import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, constants, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../harness/loopgate.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A slow installer that writes to stdout, and records when two of it run at once. */
const npx = `#!/bin/sh
echo noise
mkdir running || echo overlap >> calls
echo call >> calls
sleep 0.5
mkdir -p node_modules/node/bin && ln -sf '${process.execPath}' node_modules/node/bin/node
rmdir running
`;

let parts: AsyncDisposableStack;
/** A fresh clone, whose command line only prints that it runs. */
let clone: string;
/** The only directory on PATH besides the system's. */
let bin: string;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory()).path;
  clone = join(directory, "a clone");
  bin = join(directory, "bin");
  await mkdir(join(clone, "services/loopgate/src"), { recursive: true });
  await mkdir(bin);
  for (const file of ["loopgate", "package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "scripts"]) {
    await cp(join(root, file), join(clone, file), { recursive: true });
  }
  await writeFile(
    join(clone, "services/loopgate/src/cli.ts"),
    'console.log("runs", ...process.argv.slice(2));',
  );
  await symlink(process.execPath, join(bin, "node"));
  await install("npx", npx);
});
afterEach(() => parts.disposeAsync());

async function install(name: string, script: string): Promise<void> {
  await rm(join(bin, name), { force: true });
  await writeFile(join(bin, name), script);
  await chmod(join(bin, name), 0o755);
}

const start = (launcher = join(clone, "loopgate"), ...args: string[]) =>
  spawn(launcher, args, {
    cwd: "/",
    env: { PATH: bin, HOME: "/nowhere" },
    stdio: ["ignore", "pipe", "pipe"],
  });

async function outcomeOf(child: ReturnType<typeof start>) {
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

const calls = async () => (await readFile(join(clone, "calls"), "utf8").catch(() => "")).trim().split("\n");

describe("the first use", () => {
  it("installs once for concurrent starts, by path or link, and reports it on stderr only", async () => {
    const link = join(dirname(clone), "a link");
    await symlink("a clone/loopgate", link);
    const outcomes = await Promise.all([start(), start(link, "x y"), start(link)].map(outcomeOf));
    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, "runs\n"],
      [0, "runs x y\n"],
      [0, "runs\n"],
    ]);
    expect(outcomes.map(({ stderr }) => stderr).join("")).toContain("noise");
    expect(await calls()).toEqual(["call"]);
  });

  it("installs nothing the next time; changed dependencies are installed again", async () => {
    await outcomeOf(start());
    expect(await outcomeOf(start())).toEqual({ code: 0, stdout: "runs\n", stderr: "" });
    expect(await calls()).toEqual(["call"]);
    await writeFile(join(clone, "pnpm-lock.yaml"), "changed");
    await outcomeOf(start());
    expect(await calls()).toEqual(["call", "call"]);
  });

  it("that fails reports why in its last line, and the next start tries again", async () => {
    await install("npx", npx.replace("rmdir running", "rmdir running; exit 7"));
    const { code, stdout, stderr } = await outcomeOf(start());
    expect({ code, stdout, last: stderr.trim().split("\n").at(-1) }).toEqual({
      code: 1,
      stdout: "",
      last: expect.stringMatching(/^loopgate: installing the dependencies failed .* then try again$/),
    });
    await install("npx", npx);
    expect((await outcomeOf(start())).code).toBe(0);
    expect(await calls()).toEqual(["call", "call"]);
  });

  it("that is killed continues to install, and the next start waits for it", async () => {
    const first = start();
    await expect.poll(calls).toEqual(["call"]);
    first.kill("SIGKILL");
    expect(await outcomeOf(start())).toMatchObject({ code: 0, stdout: "runs\n" });
    expect(await calls()).not.toContain("overlap");
  });
});

describe("with another Node than the workspace's own", () => {
  beforeEach(async () => {
    await rm(join(bin, "node"));
    await copyFile(process.execPath, join(bin, "node"), constants.COPYFILE_FICLONE);
  });

  it("runs, and ends with its child", async () => {
    expect(await outcomeOf(start())).toMatchObject({ code: 0, stdout: "runs\n" });
  });

  it("stops its child in order even if it is killed", async () => {
    await writeFile(
      join(clone, "services/loopgate/src/cli.ts"),
      `setTimeout(() => process.exit(), 20_000);
      process.on("SIGTERM", () => { console.log("stops"); process.exit(); });
      console.log("runs");`,
    );
    const child = start();
    const outcome = outcomeOf(child);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    expect((await outcome).stdout).toBe("runs\nstops\n");
  });
});

describe("with a missing requirement", () => {
  it("uses the first Node that is new enough", async () => {
    const old = join(dirname(clone), "old");
    await mkdir(old);
    await writeFile(join(old, "node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const env = { PATH: `${old}:${bin}`, HOME: "/nowhere" };
    const { stdout } = await promisify(execFile)(join(clone, "loopgate"), [], { env });
    expect(stdout).toBe("runs\n");
  });

  it("reports in one line that Node is missing", async () => {
    const text = await readFile(join(clone, "loopgate"), "utf8");
    await writeFile(join(clone, "loopgate"), text.replace(/^PATH=.*$/m, "PATH=$PATH"));
    await rm(join(bin, "node"));
    for (const tool of ["dirname", "readlink"]) await symlink(`/usr/bin/${tool}`, join(bin, tool));
    expect(await outcomeOf(start())).toEqual({
      code: 127,
      stdout: "",
      stderr: "loopgate: Node.js 20 or newer with npm is missing: install it, then try again\n",
    });
  });

  it("reports in one line that npm is missing", async () => {
    const text = await readFile(join(clone, "loopgate"), "utf8");
    await writeFile(join(clone, "loopgate"), text.replace(/^PATH=.*$/m, "PATH=$PATH"));
    await rm(join(bin, "npx"));
    for (const tool of ["dirname", "readlink"]) await symlink(`/usr/bin/${tool}`, join(bin, tool));
    const { code, stderr } = await outcomeOf(start());
    expect({ code, last: stderr.trim().split("\n").at(-1) }).toEqual({
      code: 1,
      last: "loopgate: npm is missing: install Node.js 20 or newer with npm, then try again",
    });
  });
});
