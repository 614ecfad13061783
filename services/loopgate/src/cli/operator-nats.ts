import { NatsStartupError, StartupError, Unavailable } from "@loopgate/bus";
import {
  type Environment,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
} from "@loopgate/settings";
import { z } from "zod";

const Variables = z.object({ ...natsVariables, ...logVariables });

/** How an operator's command reaches the broker, by the variables that the services read. */
export function natsOptionsOf(environment: Environment) {
  const read = readConfiguration(Variables, environment, natsSecrets);
  return { ...natsSettingsOf(read), ...logSettingsOf(read).storage, name: "operator" };
}

/** Says in a sentence what keeps the broker from the command. */
export async function refusingInWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable || error instanceof NatsStartupError)
      throw new StartupError(error.message);
    throw error;
  }
}
