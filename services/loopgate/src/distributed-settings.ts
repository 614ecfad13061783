import {
  certificateHasKey,
  type Environment,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
} from "@loopgate/settings";
import { mongoSecrets, mongoVariables } from "@loopgate/state/mongo";
import { z } from "zod";
import { valueOf } from "./environment.ts";

/** True if the services run over NATS; otherwise one process has all data in a directory. */
export const isDistributed = (environment: Environment): boolean =>
  valueOf(environment, "NATS_URL") !== undefined || valueOf(environment, "NATS_URL_FILE") !== undefined;

/** True if the services have a MongoDB. */
export const hasMongo = (environment: Environment): boolean =>
  valueOf(environment, "MONGODB_URI") !== undefined || valueOf(environment, "MONGODB_URI_FILE") !== undefined;

const NatsVariables = z.object({ ...natsVariables, ...logVariables }).refine(...certificateHasKey);

/**
 * How an operator's command connects to NATS, from the variables that the services read.
 * @throws ConfigurationError with every problem at once.
 */
export async function natsOptionsOf(environment: Environment) {
  const read = await readConfiguration(NatsVariables, environment, natsSecrets);
  return { ...natsSettingsOf(read, environment), ...logSettingsOf(read).storage, name: "operator" };
}

/** @throws ConfigurationError if it can't be read */
export async function mongoUriOf(environment: Environment): Promise<string> {
  return (await readConfiguration(z.object(mongoVariables), environment, mongoSecrets)).MONGODB_URI;
}
