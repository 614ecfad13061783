import { claimUnlessServed } from "./acquire-directory.ts";
import type { Environment } from "../stdio-proxy/environment.ts";

/**
 * The process behind the fronts of a data directory. Several fronts may start one at once: only the one that gets the
 * directory loads the services, the others wait until it listens and leave.
 */
export async function runDaemon(directory: string, environment: Environment): Promise<void> {
  const claimed = await claimUnlessServed(directory);
  if (claimed === undefined) return;
  const { serveClients } = await import("./serve-clients.ts");
  await serveClients(directory, claimed, environment);
}
