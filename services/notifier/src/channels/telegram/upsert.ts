import type { Bucket } from "@loopgate/bus";

/** Keeps a value under a key of the `channels` bucket, in the place of the one before. */
export async function upsert(channels: Bucket, key: string, value: string): Promise<void> {
  const standing = await channels.get(key);
  if (standing === undefined) await channels.create(key, value);
  else if (standing.value !== value) await channels.update(key, value, standing.revision);
}
