import { createHash } from "node:crypto";

// A file of its own without further imports: the stdio proxy, which must stay small, needs it.

/** SHA-256 over JSON with sorted keys, as hex: independent of the order of members. */
export const fingerprint = (value: unknown): string => sha256(sorted(value)).toString("hex");

/** SHA-256 over JSON. */
export const sha256 = (value: unknown): Buffer => createHash("sha256").update(JSON.stringify(value)).digest();

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, member]) => [k, sorted(member)]),
  );
}
