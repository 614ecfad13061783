import { NatsStartupError, Unavailable } from "@loopgate/bus";
import { type ConsumerState, inspectNats, type NatsInspection } from "@loopgate/bus/nats";
import type { natsOptionsOf } from "../cli/operator-nats.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

/** A user with the least rights reads the inbox of its service alone. */
const INBOXES = ["operator", "gateway", "notifier", "state"] as const;

/** The broker: whether it lets this user in, and has what this version needs. */
export const checkNats = (options: ReturnType<typeof natsOptionsOf>): Check => ({
  subject: "nats",
  silence: "NATS does not answer in time: see whether it runs, and the network",
  look: async () => {
    try {
      return findingsIn(await inspectNats(options, INBOXES));
    } catch (error) {
      if (error instanceof NatsStartupError || error instanceof Unavailable) return [problem(error.message)];
      throw error;
    }
  },
});

function findingsIn({ version, missing, differences, deadLetters, consumers }: NatsInspection) {
  const findings: Finding[] = differences.map(problem);
  if (missing.length > 0) {
    findings.push(
      problem(`${missing.join(", ")} missing: run \`loopgate bootstrap\` with a user that may create`),
    );
  }
  if (deadLetters > 0) {
    findings.push(warning(`${deadLetters} dead letters are kept: \`loopgate dead-letters\` lists them`));
  }
  for (const { name, entries, isRead } of consumers ?? []) {
    if (entries > 0 && !isRead) {
      findings.push(warning(`${entries} entries wait for ${name}, and nobody reads them: start its service`));
    }
  }
  if (findings.length > 0) return findings;
  return [ok(`NATS ${version} has the streams and buckets as they must be; ${backlogs(consumers)}`)];
}

function backlogs(consumers: readonly ConsumerState[] | undefined): string {
  if (consumers === undefined) return "this user may not see what waits there";
  if (consumers.length === 0) return "no service has read from it yet";
  return `to be read: ${consumers.map(({ name, entries }) => `${name} ${entries}`).join(", ")}`;
}
