import type { Bucket } from "@loopgate/bus";

/** The `channels` bucket, and the bot that is heard. */
interface Memory {
  readonly channels: Bucket;
  readonly bot: string;
}

/** Between these times nobody received what was sent to the bot. */
export interface Silence {
  readonly from: string;
  readonly to: string;
}

const keyOf = (bot: string): string => `telegram_${bot}.heard`;

/** Remembers that a bot which was never heard before is heard now. */
export async function markFirstHeard({ channels, bot }: Memory, now: Date): Promise<undefined> {
  await channels.create(keyOf(bot), now.toISOString());
}

/**
 * Remembers that the bot is heard now, and returns the time since it was heard last: to one caller only, however many
 * processes ask. Undefined when it was never heard before, or somebody else has just been told.
 */
export async function markHeard(memory: Memory, now: Date): Promise<Silence | undefined> {
  const { channels, bot } = memory;
  const last = await channels.get(keyOf(bot));
  if (last === undefined) return markFirstHeard(memory, now);
  const to = now.toISOString();
  const revision = await channels.update(keyOf(bot), to, last.revision);
  return revision === undefined ? undefined : { from: last.value, to };
}
