import { fileURLToPath } from "node:url";
import type { DeployedService, Deployment } from "../harness/deployment.ts";

const anyRate = fileURLToPath(new URL("any-rate.ts", import.meta.url));

/**
 * One of each service. The notifier is not held to Telegram's rates: with one message a second for each chat and 25 in
 * all, these rates would be what is measured.
 */
export async function startAtAnyRate(deployment: Deployment): Promise<{
  readonly gateway: DeployedService;
  readonly notifier: DeployedService;
  readonly state: DeployedService;
}> {
  const [gateway, notifier, state] = await Promise.all([
    deployment.start("gateway"),
    deployment.start("notifier", { environment: { NODE_OPTIONS: `--import=${anyRate}` } }),
    deployment.start("state"),
  ]);
  return { gateway, notifier, state };
}
