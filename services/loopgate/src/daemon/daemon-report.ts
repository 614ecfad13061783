import { checkHealth, type HealthCheck } from "@loopgate/runtime";
import { z } from "zod";
import type { Handshake } from "../stdio-proxy/handshake.ts";

/** What a process that serves a data directory tells a `doctor`. */
export const DaemonReport = z.object({
  version: z.string(),
  pid: z.number(),
  /** True for `serve`, which stays; false for a daemon, which hands over to whoever fits better. */
  isForeground: z.boolean(),
  /** False if the doctor was started with another bot token or API server. */
  hasSameBot: z.boolean(),
  /** What it depends on, by name: `ok`, or in one line what is wrong. */
  parts: z.record(z.string(), z.string()),
});
export type DaemonReport = z.infer<typeof DaemonReport>;

/** Asks everything that this process depends on. */
export async function reportTo(
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
