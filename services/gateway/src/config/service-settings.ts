import {
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
  telegramRecipientsOf,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings/telegram";
import { z } from "zod";
import { natsPermissions } from "./nats-permissions.ts";
import {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "./variables.ts";

/** Callers give up after a minute (reference mcp.md), of which a wait takes up to 50 s. */
const GIVE_UP_AFTER_MS = 5_000;

const Variables = z
  .object({ ...telegramVariables, ...logVariables, ...natsVariables, ...gatewayVariables })
  .refine(...groupNamesResponders)
  .refine(...timeoutsAreOrdered)
  .refine(...retentionOutlastsQuestions)
  .refine(...onlyLoopbackIsOpen);

/**
 * Reads the settings of a gateway of its own.
 * @throws ConfigurationError with every problem at once.
 */
export function readServiceSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, [...telegramSecrets, ...natsSecrets]);
  return {
    policy: telegramPolicy(telegramRecipientsOf(read)),
    ...logSettingsOf(read),
    ...gatewaySettingsOf(read),
    nats: { ...natsSettingsOf(read), name: "gateway", use: natsPermissions, giveUpAfterMs: GIVE_UP_AFTER_MS },
  };
}
