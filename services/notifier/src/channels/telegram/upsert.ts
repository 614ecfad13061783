import type { Bucket } from "@loopgate/bus";

/** Stores a value under a key of the `channels` bucket, or replaces the one that is there. */
export async function upsert(channels: Bucket, key: string, value: string): Promise<void> {
  const current = await channels.get(key);
  if (current === undefined) await channels.create(key, value);
  else if (current.value !== value) await channels.update(key, value, current.revision);
}
