import { setTimeout as pause } from "node:timers/promises";
import { type ServiceProcess, startServiceProcess } from "../../harness/service-process.ts";

/** Starts a floor as a process of its own; it says `ready`, and where it listens if it does. */
export async function startFloor(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess & { readonly url: string }> {
  let url: string | undefined;
  const floor = await startServiceProcess({
    script: `test/bench/floors/${name}.ts`,
    environment,
    ready: async (output) => {
      while ((url = /^ready ?(\S*)$/m.exec(output())?.[1]) === undefined) await pause(5);
    },
  });
  return { ...floor, url: url ?? "" };
}
