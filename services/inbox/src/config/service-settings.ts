import type { NatsPermissions } from "@loopgate/bus/nats";
import { filters } from "@loopgate/contracts";
import {
  certificateHasKey,
  type Environment,
  isLoopback,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
  serverSettingsOf,
  serverVariables,
  settingRule,
} from "@loopgate/settings";
import { webVariables } from "@loopgate/settings/web";
import { z } from "zod";
import { inboxVariables } from "./inbox-settings.ts";

/** Pages give up on a call after 15 s. */
const GIVE_UP_AFTER_MS = 5_000;

/** An inbox records what people answer and open. It can't ask. */
const natsPermissions: NatsPermissions = {
  appends: [filters.decided, filters.seen],
  reads: ["sessions"],
  writes: ["people", "web_codes", "web_sessions"],
  asksQueries: true,
};

const variables = {
  ...serverVariables,
  ...inboxVariables,
  ...webVariables,
  ...logVariables,
  ...natsVariables,
};

/** The address where the process listens is none that people's browsers can use. */
const networkHasPublicUrl = settingRule<z.infer<z.ZodObject<typeof variables>>>(
  "LOOPGATE_PUBLIC_URL",
  "is missing: set it to the address of the inbox in people's browsers, because SERVER_HOST is not a loopback address",
  ({ SERVER_HOST: host = "127.0.0.1", LOOPGATE_PUBLIC_URL: url }) => isLoopback(host) || url !== undefined,
);

const Variables = z
  .object(variables)
  .refine(...networkHasPublicUrl)
  .refine(...certificateHasKey);

/**
 * Reads the settings of an inbox that runs as its own process.
 * @throws ConfigurationError with every problem at once.
 */
export async function readServiceSettings(environment: Environment) {
  const read = await readConfiguration(Variables, environment, natsSecrets);
  return {
    ...serverSettingsOf(read),
    ...logSettingsOf(read),
    publicUrl: read.LOOPGATE_PUBLIC_URL,
    responders: read.LOOPGATE_WEB_RESPONDERS,
    nats: {
      ...natsSettingsOf(read, environment),
      name: "inbox",
      use: natsPermissions,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
    },
  };
}
