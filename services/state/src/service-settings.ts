import { healthVariables } from "@loopgate/runtime";
import {
  certificateHasKey,
  type Environment,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
  secretFileOf,
} from "@loopgate/settings";
import { z } from "zod";
import { natsPermissions } from "./nats-permissions.ts";
import { mongoSecrets, mongoVariables } from "./store/mongo-variables.ts";

const Variables = z
  .object({ ...logVariables, ...natsVariables, ...healthVariables, ...mongoVariables })
  .refine(...certificateHasKey);

/**
 * Reads the settings of a state service of its own.
 * @throws ConfigurationError with every problem at once.
 */
export async function readServiceSettings(environment: Environment) {
  const read = await readConfiguration(Variables, environment, [...natsSecrets, ...mongoSecrets]);
  return {
    ...logSettingsOf(read),
    nats: { ...natsSettingsOf(read, environment), name: "state", use: natsPermissions },
    mongo: { uri: read.MONGODB_URI, uriFile: secretFileOf("MONGODB_URI", environment) },
    healthPort: read.HEALTH_PORT,
  };
}
