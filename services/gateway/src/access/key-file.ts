import { resolve } from "node:path";
import { readSmallFile } from "@loopgate/async";
import { unreadable } from "@loopgate/settings";
import { z } from "zod";
import { scopes } from "@loopgate/rest";

/** The name of a key in logs. It must not contain a key, because logs would show that too. */
export const KeyId = z
  .string("must be a name")
  .regex(
    /^(?!.*lk_pub_)[\w.@-]{1,64}$/,
    "must be 1 to 64 characters (letters, digits and . _ @ -) and must not contain the key",
  );

const hashProblem = ({ input }: { readonly input?: unknown }): string =>
  typeof input === "string" && input.includes("lk_pub_")
    ? "is a key, which is no longer secret: create another one with ./loopgate key and put its hash here"
    : "must be sha256: and 64 hexadecimal digits (./loopgate key prints it)";

/** One entry of the operator's file: the hash of a key and never the key itself. */
export const KeyEntry = z.strictObject(
  {
    id: KeyId,
    hash: z.string({ error: hashProblem }).regex(/^sha256:[0-9a-f]{64}$/, { error: hashProblem }),
    scopes: z
      .array(z.enum(scopes, "must be request, read or admin"), "must be a list")
      .min(1, "must name at least one scope"),
    expires_at: z.iso
      .datetime({ offset: true, error: "must be a time such as 2030-01-31T00:00:00Z" })
      .optional(),
  },
  {
    error: ({ code }) =>
      code === "unrecognized_keys"
        ? "has members other than id, hash, scopes and expires_at"
        : "must be an object",
  },
);
export type KeyEntry = z.infer<typeof KeyEntry>;

const KeyEntries = z
  .array(KeyEntry, "must be a list of keys")
  .refine(areDistinct("id"), { error: "has the same id twice: give each key its own id", when: isList })
  .refine(areDistinct("hash"), { error: "has the same hash twice: give each id its own key", when: isList });

/** The operator's file of keys, parsed. */
export interface KeyFile {
  readonly path: string;
  readonly entries: readonly KeyEntry[];
}

/** The keys in a file, or one sentence for each problem. The sentences never contain a value from the file. */
export async function readKeyFile(path: string): Promise<KeyFile | { readonly problems: readonly string[] }> {
  const content = await contentOf(path);
  if (typeof content === "string") return { problems: [content] };
  const { data, error } = KeyEntries.safeParse(content.value);
  return data === undefined ? { problems: error.issues.map(describeIssue) } : { path, entries: data };
}

/** The setting that names the file. Parses to its keys, or has one issue for each problem. */
export const apiKeysFile = z.string().transform(async (path, context): Promise<KeyFile> => {
  // Absolute, because the file is read again later and the working directory may have changed.
  const file = await readKeyFile(resolve(path));
  if (!("problems" in file)) return file;
  for (const message of file.problems) context.issues.push({ code: "custom", message, input: undefined });
  return z.NEVER;
});

async function contentOf(path: string): Promise<{ readonly value: unknown } | string> {
  let text: string;
  try {
    text = (await readSmallFile(path)).toString();
  } catch (error) {
    return unreadable(error);
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return 'is not JSON: it must look like [{"id": …, "hash": …, "scopes": […]}]';
  }
}

function describeIssue({ path: [index, ...members], message }: z.core.$ZodIssue): string {
  if (typeof index !== "number") return message;
  return `entry ${[index + 1, ...members.slice(0, 1)].join(", ")}: ${message}`;
}

/** Also runs if entries are invalid, so that one start reports all problems. A missing member is not a duplicate. */
function areDistinct(member: "id" | "hash") {
  return (entries: readonly (Partial<KeyEntry> | null)[]): boolean => {
    const given = entries.map((entry) => entry?.[member]).filter((value) => value !== undefined);
    return new Set(given).size === given.length;
  };
}

function isList({ value }: { readonly value: unknown }): boolean {
  return Array.isArray(value);
}
