import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findMongoBinary, findNatsBinary } from "@loopgate/testing";
import type { Image } from "./image.ts";

const run = promisify(execFile);

const root = join(import.meta.dirname, "..", "..", "..");

/** The images of Loopgate, which has the pods of the tests as well, of NATS and of MongoDB. There is no shell in them. */
export async function buildImages(folder: string): Promise<readonly Image[]> {
  const [nats, mongo] = [await findNatsBinary(), await findMongoBinary()];
  if (nats === undefined || mongo === undefined) throw new Error("no NATS or MongoDB");
  const layer = (name: string) => join(folder, name);
  await withLibraries(process.execPath, layer("node"), "usr/local/bin/node");
  await withLibraries(nats, layer("nats"), "nats-server");
  await withLibraries(mongo, layer("mongo"), "mongod");
  await application(join(layer("app"), "app"));
  const user = { User: "1000:1000", Env: ["PATH=/usr/local/bin"] };
  return [
    {
      name: "cluster.test/loopgate:1",
      layers: [layer("node"), layer("app")],
      config: { ...user, WorkingDir: "/app" },
    },
    {
      name: "cluster.test/nats:1",
      layers: [layer("nats")],
      config: { ...user, Entrypoint: ["/nats-server"] },
    },
    { name: "cluster.test/mongo:1", layers: [layer("mongo")], config: { ...user, Entrypoint: ["/mongod"] } },
  ];
}

/** Copies a program, and this machine's libraries that it is linked to. */
async function withLibraries(command: string, to: string, name: string): Promise<void> {
  const program = (await run("sh", ["-c", 'command -v "$0"', command])).stdout.trim();
  await mkdir(join(to, "tmp"), { recursive: true });
  await cp(program, join(to, name), { recursive: true, dereference: true });
  const linked = await run("ldd", [program]).catch(() => ({ stdout: "" }));
  for (const [library] of linked.stdout.matchAll(/\/[^\s:]+/g)) {
    await mkdir(join(to, dirname(library)), { recursive: true });
    await cp(library, join(to, library), { dereference: true });
  }
}

/** The workspace as `deploy/Dockerfile` installs it, and what the pods of the tests import. */
async function application(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run(
    "sh",
    ["-c", 'git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$0"', to],
    { cwd: root },
  );
  const { packageManager } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly packageManager: string;
  };
  const filters = ["@loopgate/loopgate...", "@loopgate/client..."].flatMap((name) => ["--filter", name]);
  const install = [
    "-y",
    packageManager,
    "install",
    "--prod",
    "--frozen-lockfile",
    "--prefer-offline",
    ...filters,
  ];
  await run("npx", install, { cwd: to, env: { ...process.env, CI: "true" } });
  const links = {
    "test/node_modules/@loopgate/client": "../../../libs/client",
    "test/node_modules/@loopgate/testing": "../../../libs/testing",
    "test/node_modules/mongodb": "../../services/state/node_modules/mongodb",
  };
  for (const [link, target] of Object.entries(links)) {
    await mkdir(dirname(join(to, link)), { recursive: true });
    await symlink(target, join(to, link));
  }
}
