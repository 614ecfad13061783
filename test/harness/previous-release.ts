import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePorts } from "@loopgate/testing";
import type { DeployedService, ServiceName } from "./deployment.ts";
import { temporaryDirectory } from "./loopgate.ts";
import { startServiceProcess } from "./service-process.ts";

/** The services of the previous release, in a temporary directory. */
export interface PreviousRelease extends AsyncDisposable {
  /** Starts a service; resolves once it is ready. It runs until the release is disposed of. */
  start(service: ServiceName, environment: Readonly<Record<string, string>>): Promise<DeployedService>;
}

/** The last commit before the code was cut into new packages (decision 0010). */
const COMMIT = "f0e2112ba152377fef2adfb66c07face7f5cddd1";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));

/** True if the repository's history has the previous release. Otherwise it says how to get it. */
export async function hasPreviousRelease(): Promise<boolean> {
  try {
    await run("git", ["cat-file", "-e", `${COMMIT}^{commit}`], { cwd: root });
    return true;
  } catch {
    console.warn(
      `SKIPPED: services of two releases together, because git has no commit ${COMMIT} here: run git fetch --unshallow`,
    );
    return false;
  }
}

/** Takes the previous release from the repository's history and installs its dependencies. */
export async function installPreviousRelease(): Promise<PreviousRelease> {
  await using starting = new AsyncDisposableStack();
  const { path } = starting.use(await temporaryDirectory());
  const archive = join(path, "release.tar");
  await run("git", ["archive", `--output=${archive}`, COMMIT], { cwd: root });
  await run("tar", ["-xf", archive, "-C", path]);
  await installDependencies(path);
  const running = starting.use(new AsyncDisposableStack());
  const whole = starting.move();
  return {
    start: async (service, environment) => running.use(await startService(path, service, environment)),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** As the release's own set-up does, but without what only its tests need. The store has most packages already. */
async function installDependencies(path: string): Promise<void> {
  const { packageManager } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  const install = ["install", "--frozen-lockfile", "--prefer-offline", "--prod"];
  await run("npx", ["-y", packageManager, ...install], { cwd: path, env: { ...process.env, CI: "true" } });
}

async function startService(
  path: string,
  service: ServiceName,
  environment: Readonly<Record<string, string>>,
): Promise<DeployedService> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const started = await startServiceProcess({
    script: join(path, "services", service, "src", "main.ts"),
    environment: { ...environment, [service === "gateway" ? "SERVER_PORT" : "HEALTH_PORT"]: String(port) },
    ready: async () => {
      while (!(await isReady(url))) await pause(10);
    },
  });
  return { ...started, url };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
