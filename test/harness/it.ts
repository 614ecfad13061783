import { haveOwnEngines } from "@loopgate/testing";
import { it as always } from "vitest";
import { isDistributed } from "./topology.ts";

/**
 * `it` of tests of the distributed topology, and of stories over both: without the engines they are skipped on a person's
 * machine, with a loud reason.
 */
export const it = isDistributed && !(await haveOwnEngines()) ? always.skip : always;
