import {
  type Environment,
  healthVariables,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
} from "@loopgate/runtime";
import { z } from "zod";
import { natsUse } from "./nats-use.ts";
import { mongoSecrets, mongoVariables } from "./store/mongo-variables.ts";

const Variables = z.object({
  ...logVariables,
  ...natsVariables,
  ...healthVariables,
  ...mongoVariables,
});

/**
 * Reads the settings of a state service of its own.
 * @throws ConfigurationError with every problem at once.
 */
export function readServiceSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, [...natsSecrets, ...mongoSecrets]);
  return {
    ...logSettingsOf(read),
    nats: { ...natsSettingsOf(read), name: "state", use: natsUse },
    mongo: read.MONGODB_URI,
    healthPort: read.HEALTH_PORT,
  };
}
