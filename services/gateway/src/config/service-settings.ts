import type { NatsPermissions } from "@loopgate/bus/nats";
import { filters } from "@loopgate/contracts";
import { eitherPolicy } from "@loopgate/domain";
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
import {
  groupNamesResponders,
  telegramPolicy,
  telegramRecipientFormat,
  telegramRecipientsOf,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings/telegram";
import { webPolicy, webRecipientFormat, webVariables } from "@loopgate/settings/web";
import { z } from "zod";
import {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "./gateway-settings.ts";

/** Clients give up on a call after 60 s (docs/invariants.md#mcp-clients), of which a wait takes up to 50 s. */
const GIVE_UP_AFTER_MS = 5_000;

/** A gateway appends questions. It can neither decide them nor record deliveries. */
const natsPermissions: NatsPermissions = {
  appends: [filters.created],
  writes: ["sessions", "departures"],
  asksQueries: true,
};

const Variables = z
  .object({ ...telegramVariables, ...webVariables, ...logVariables, ...natsVariables, ...gatewayVariables })
  .refine(...groupNamesResponders)
  .refine(...timeoutsAreOrdered)
  .refine(...retentionOutlastsQuestions)
  .refine(...onlyLoopbackIsOpen)
  .refine(...certificateHasKey);

/**
 * Reads the settings of a gateway that runs as its own process.
 * @throws ConfigurationError with every problem at once.
 */
export async function readServiceSettings(environment: Environment) {
  const read = await readConfiguration(Variables, environment, [...telegramSecrets, ...natsSecrets]);
  const telegram = telegramPolicy(telegramRecipientsOf(read));
  const web = webPolicy(read.LOOPGATE_WEB_RESPONDERS);
  return {
    policy: eitherPolicy(telegram, web),
    sessionChannels: [
      { format: telegramRecipientFormat, policy: telegram },
      { format: webRecipientFormat, policy: web },
    ] as const,
    ...logSettingsOf(read),
    ...gatewaySettingsOf(read),
    nats: {
      ...natsSettingsOf(read, environment),
      name: "gateway",
      use: natsPermissions,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
    },
  };
}
