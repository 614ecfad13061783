import { StartupError, Unavailable } from "@loopgate/bus";
import { type ConsumerState, inspectNats, type NatsInspection } from "@loopgate/bus/nats";
import type { natsOptionsOf } from "../distributed-settings.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

/** The names of the NATS users: a user with the least rights may subscribe only to the inbox of its own service. */
const INBOXES = ["operator", "gateway", "notifier", "state"] as const;

/** Whether NATS accepts this user, and has the streams and buckets that this version needs. */
export const checkNats = (options: Awaited<ReturnType<typeof natsOptionsOf>>): Check => ({
  subject: "nats",
  timeoutMessage: "NATS does not answer in time: check whether it runs, and the network",
  run: async () => {
    try {
      return findingsIn(await inspectNats(options, INBOXES));
    } catch (error) {
      if (error instanceof StartupError || error instanceof Unavailable) return [problem(error.message)];
      throw error;
    }
  },
});

function findingsIn(inspection: NatsInspection): readonly Finding[] {
  const { version, missing, differences, full, warnings, deadLetters, consumers } = inspection;
  const findings: Finding[] = [...[...differences, ...full].map(problem), ...warnings.map(warning)];
  if (missing.length > 0) {
    findings.push(
      problem(`${missing.join(", ")} missing: run \`loopgate bootstrap\` with a user that may create them`),
    );
  }
  if (deadLetters > 0) {
    findings.push(warning(`${deadLetters} dead letters are stored: \`loopgate dead-letters\` lists them`));
  }
  for (const { name, entries, isRead } of consumers ?? []) {
    if (entries > 0 && !isRead) {
      findings.push(warning(`${entries} entries wait for ${name}, and no service reads them: start it`));
    }
  }
  if (findings.length > 0) return findings;
  return [ok(`NATS ${version} has the required streams and buckets; ${describeBacklogs(consumers)}`)];
}

function describeBacklogs(consumers: readonly ConsumerState[] | undefined): string {
  if (consumers === undefined) return "this user may not see the backlogs";
  if (consumers.length === 0) return "no service has read from them yet";
  return `backlogs: ${consumers.map(({ name, entries }) => `${name} ${entries}`).join(", ")}`;
}
