import { type Environment, secretFileOf, settingRule } from "@loopgate/settings";
import { type telegramVariables } from "@loopgate/settings/telegram";
import { z } from "zod";
import { webhookSecret } from "./updates/webhook-secret.ts";
import type { WebhookOptions } from "./updates/webhook-server.ts";

/**
 * With a URL, Telegram delivers updates to this webhook; without one, they are fetched by long polling
 * (docs/configuration.md).
 */
export const webhookVariables = {
  TELEGRAM_WEBHOOK_URL: z.url({ protocol: /^https?$/, error: "must be an https URL" }).optional(),
  TELEGRAM_WEBHOOK_SECRET: webhookSecret.optional(),
  TELEGRAM_WEBHOOK_PORT: z.coerce.number("must be a port").int().min(1).max(65_535).default(8081),
};

type WebhookRead = z.infer<z.ZodObject<typeof webhookVariables & typeof telegramVariables>>;

export const webhookSecrets = ["TELEGRAM_WEBHOOK_SECRET"] as const;

/** The webhook's port is open to the network: a sender who knows the secret can answer as any person. */
export const webhookHasSecret = settingRule<WebhookRead>(
  "TELEGRAM_WEBHOOK_URL",
  "needs TELEGRAM_WEBHOOK_SECRET: create one with `openssl rand -hex 32`",
  ({ TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret }) =>
    url === undefined || secret !== undefined,
);

/** Telegram itself delivers only over TLS; a Bot API server of the operator may do without. */
export const webhookIsHttps = settingRule<WebhookRead>(
  "TELEGRAM_WEBHOOK_URL",
  "must begin with https:// unless TELEGRAM_API_ROOT names a Bot API server of your own",
  ({ TELEGRAM_WEBHOOK_URL: url = "https:", TELEGRAM_API_ROOT: ownServer }) =>
    url.startsWith("https:") || ownServer !== undefined,
);

/**
 * The webhook, if one is configured.
 * @param environment where `read` comes from: the secret's file is read again while the process runs
 */
export function webhookOf(read: WebhookRead, environment: Environment): WebhookOptions | undefined {
  const { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret, TELEGRAM_WEBHOOK_PORT: port } = read;
  if (url === undefined || secret === undefined) return undefined;
  return { url, secret, secretFile: secretFileOf("TELEGRAM_WEBHOOK_SECRET", environment), port };
}
