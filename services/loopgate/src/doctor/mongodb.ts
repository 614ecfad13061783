import { StartupError, Unavailable } from "@loopgate/bus";
import { inspectMongo, type MongoInspection } from "@loopgate/state/mongo";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

/** Whether the MongoDB user has the rights it needs, and whether the indexes exist. */
export const checkMongodb = (uri: string): Check => ({
  subject: "mongodb",
  timeoutMessage: "MongoDB does not answer in time: check whether it runs, and the network",
  run: async () => {
    try {
      return findingsIn(await inspectMongo(uri));
    } catch (error) {
      if (error instanceof StartupError || error instanceof Unavailable) return [problem(error.message)];
      throw error;
    }
  },
});

function findingsIn({ version, lacking, missingIndexes, otherIndexes }: MongoInspection): readonly Finding[] {
  if (lacking.length > 0) {
    const rights = lacking.join(", ");
    return [
      problem(`the user lacks rights (${rights}): grant readWrite on the database that MONGODB_URI names`),
    ];
  }
  const findings = otherIndexes.map((name) =>
    problem(`index ${name} has other keys than this version needs: drop it, and restart the state service`),
  );
  if (missingIndexes.length > 0) {
    findings.push(
      warning(
        `missing indexes (${missingIndexes.join(", ")}): the state service creates them when it starts`,
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(`MongoDB ${version}, a replica set, with its indexes`)];
}
