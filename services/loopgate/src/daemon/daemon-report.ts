import { checkHealth, type HealthCheck } from "@loopgate/runtime";
import { z } from "zod";
import type { Handshake } from "../stdio-proxy/handshake.ts";

/** The reply of a process that serves a data directory to a `doctor`. It is a wire format: their versions may differ. */
export const DaemonReport = z.object({
  version: z.string(),
  pid: z.number(),
  /** True for `serve`; false for a daemon, which ends when another process should serve the directory. */
  isForeground: z.boolean(),
  /** False if the doctor has another bot token or API server. */
  hasSameBot: z.boolean(),
  /** The health of its dependencies, by name: `ok`, or what is wrong. */
  parts: z.record(z.string(), z.string()),
});
export type DaemonReport = z.infer<typeof DaemonReport>;

export async function reportFor(
  client: Handshake,
  own: Handshake,
  checks: readonly HealthCheck[],
): Promise<DaemonReport> {
  const { parts } = await checkHealth(checks);
  return {
    version: own.version,
    pid: process.pid,
    isForeground: own.as === "serve",
    hasSameBot: client.identity === own.identity,
    parts,
  };
}
