import { StartupError, Unavailable } from "@loopgate/bus";
import { type Environment, readConfiguration } from "@loopgate/settings";
import { inspectMongo, type MongoInspection, mongoSecrets, mongoVariables } from "@loopgate/state/mongo";
import { z } from "zod";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

/** @throws ConfigurationError if it can't be read */
export const mongoUriOf = (environment: Environment): string =>
  readConfiguration(z.object(mongoVariables), environment, mongoSecrets).MONGODB_URI;

/** The database: whether its user may work there, and whether lists find their indexes. */
export const checkMongodb = (uri: string): Check => ({
  subject: "mongodb",
  silence: "MongoDB does not answer in time: see whether it runs, and the network",
  look: async () => {
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
      warning(`without ${missingIndexes.join(", ")}: the state service makes them when it starts`),
    );
  }
  return findings.length > 0 ? findings : [ok(`MongoDB ${version}, a replica set, with its indexes`)];
}
