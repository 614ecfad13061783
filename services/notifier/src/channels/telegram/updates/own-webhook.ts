import { createHash } from "node:crypto";
import { type Bucket, changeValue } from "@loopgate/bus";

/** The normal form of a webhook's address, for comparison. */
export const addressOf = (url: string): string => URL.parse(url)?.href ?? url;

/** The part of a webhook's address that may be shown: the rest may contain a secret. */
export const hostOf = (url: string): string => URL.parse(url)?.host ?? "an unreadable address";

interface WebhookMemory {
  /** The `channels` bucket. */
  readonly channels: Bucket;
  readonly bot: string;
}

/** Before a webhook is set, remembers that it is ours. Stores a hash, because the address may contain a secret. */
export async function rememberWebhook({ channels, bot }: WebhookMemory, url: string): Promise<void> {
  const hash = hashOf(url);
  await changeValue(channels, keyOf(bot), (present) => (present === hash ? undefined : hash));
}

/** True for the webhook that this deployment set last. */
export async function isOwnWebhook({ channels, bot }: WebhookMemory, url: string): Promise<boolean> {
  return (await channels.get(keyOf(bot)))?.value === hashOf(url);
}

const keyOf = (bot: string): string => `telegram_${bot}.webhook`;

const hashOf = (url: string): string => createHash("sha256").update(addressOf(url)).digest("base64url");
