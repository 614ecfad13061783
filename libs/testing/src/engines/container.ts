import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Engine, Launch } from "./engine.ts";
import { untilReady } from "./until-ready.ts";

const run = promisify(execFile);

const START_TIMEOUT_MS = 120_000;

/** True if a Docker engine answers. Asked before the library is loaded, which takes longer than that. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await run("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a server in a container that listens on the same ports inside and outside. It does not outlive this process
 * for long.
 */
export async function startInContainer(image: string, launch: Launch): Promise<Engine> {
  const { GenericContainer, getContainerRuntimeClient } = await import("testcontainers");
  const started = await new GenericContainer(image)
    .withCommand([...launch.args({ address: "0.0.0.0", folder: "/tmp" })])
    .withExposedPorts(...launch.ports.map((port) => ({ container: port, host: port })))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const container = (await getContainerRuntimeClient()).container.getById(started.getId());
  const kill = async () => {
    if ((await container.inspect()).State.Running) await container.kill();
  };
  const remove = async () => void (await started.stop());
  const becomeReady = async () => {
    if (await untilReady(launch, () => false)) return;
    await remove();
    throw new Error(`${image} did not become ready`);
  };
  await becomeReady();
  return {
    isOurs: true,
    kill,
    restart: async () => {
      await kill();
      await container.start();
      await becomeReady();
    },
    freeze: () => container.pause(),
    thaw: () => container.unpause(),
    [Symbol.asyncDispose]: remove,
  };
}
