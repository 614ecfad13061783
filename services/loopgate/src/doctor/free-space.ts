import type { StatsFs } from "node:fs";
import { type Finding, warning } from "./finding.ts";

/** With less than this a question may find no room, in bytes. */
const LITTLE = 100_000_000;

/** Whether a disk is nearly full. */
export function freeSpace(
  path: string,
  { bavail, bsize }: Pick<StatsFs, "bavail" | "bsize">,
): readonly Finding[] {
  const free = bavail * bsize;
  if (free >= LITTLE) return [];
  const left = Math.floor(free / 1e6);
  return [warning(`${path} has ${left} MB left: make room, because a full disk refuses questions`)];
}
