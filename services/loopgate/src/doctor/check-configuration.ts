import { ConfigurationError, type Environment } from "@loopgate/settings";
import { natsOptionsOf } from "../cli/operator-nats.ts";
import { readSettings } from "../settings.ts";
import type { Check } from "./examine.ts";
import { ok, problem } from "./finding.ts";
import { isDistributed } from "./topology.ts";

/** The settings, as a start reads them. */
export const checkConfiguration = (environment: Environment): Check => ({
  subject: "configuration",
  look: async () => {
    const problems = new Set([
      ...problemsOf(() => readSettings(environment)),
      ...(isDistributed(environment) ? problemsOf(() => natsOptionsOf(environment)) : []),
    ]);
    if (problems.size > 0) return [...problems].map(problem);
    return [ok("every setting can be read, and they fit together")];
  },
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
