import type { Bucket } from "./key-value.ts";

/**
 * Writes a value that depends on the one that is there. `change` gets that one, and a newer one each time another process
 * has written in between; undefined from it writes nothing.
 * @throws Unavailable
 */
export async function changeValue(
  bucket: Bucket,
  key: string,
  change: (present: string | undefined) => string | undefined,
): Promise<void> {
  for (;;) {
    const present = await bucket.get(key);
    const value = change(present?.value);
    if (value === undefined) return;
    const written =
      present === undefined
        ? await bucket.create(key, value)
        : await bucket.update(key, value, present.revision);
    if (written !== undefined) return;
  }
}
