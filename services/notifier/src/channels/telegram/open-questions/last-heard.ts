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

/**
 * Remembers that the bot is heard now, and returns the time since it was heard last: to one caller only, however many
 * processes ask. Undefined when it was never heard before, or somebody else has just been told.
 */
export async function markHeard({ channels, bot }: Memory, now: Date): Promise<Silence | undefined> {
  const key = `telegram_${bot}.heard`;
  const to = now.toISOString();
  const last = await channels.get(key);
  if (last === undefined) {
    await channels.create(key, to);
    return undefined;
  }
  const revision = await channels.update(key, to, last.revision);
  return revision === undefined ? undefined : { from: last.value, to };
}
