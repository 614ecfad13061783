import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

/** What a key may be used for: `request` asks and reads, `admin` also says which chats are asked. */
export const keyScopes = ["request", "admin"] as const;
export type KeyScope = (typeof keyScopes)[number];

/** The name of a key, as logs show it. A key in its place would be shown as well. */
export const KeyId = z
  .string("must be a name")
  .regex(/^(?!.*lk_pub_)[\w.@-]{1,64}$/, "must be 1 to 64 letters, digits and . _ @ -, and not the key");

const hashProblem = ({ input }: { readonly input?: unknown }): string =>
  typeof input === "string" && input.includes("lk_pub_")
    ? "is a key: put its hash here, and another key, because this one was written down (./loopgate key prints both)"
    : "must be sha256: and 64 digits 0-9 a-f (./loopgate key prints it)";

/** One key of the operator's file: who has it, and not the key itself. */
export const KeyEntry = z.strictObject(
  {
    id: KeyId,
    hash: z.string({ error: hashProblem }).regex(/^sha256:[0-9a-f]{64}$/, { error: hashProblem }),
    scopes: z.array(z.enum(keyScopes, "must be request or admin"), "must be a list").min(1, "names no scope"),
    expires_at: z.iso
      .datetime({ offset: true, error: "must be a time such as 2030-01-31T00:00:00Z" })
      .optional(),
  },
  {
    error: ({ code }) =>
      code === "unrecognized_keys"
        ? "has members besides id, hash, scopes and expires_at"
        : "must be an object",
  },
);
export type KeyEntry = z.infer<typeof KeyEntry>;

const KeyEntries = z
  .array(KeyEntry, "must be a list of keys")
  .refine(areDistinct("id"), { error: "has one id twice: give every key its own", when: isList })
  .refine(areDistinct("hash"), { error: "has one hash twice: give every id its own key", when: isList });

/** The operator's file of keys, as it was read. */
export interface KeyFile {
  readonly path: string;
  readonly entries: readonly KeyEntry[];
}

/** The keys in a file, or all that is wrong with it: one sentence each, and never a value. */
export function readKeyFile(path: string): KeyFile | { readonly problems: readonly string[] } {
  const content = contentOf(path);
  if (typeof content === "string") return { problems: [content] };
  const { data, error } = KeyEntries.safeParse(content.value);
  return data === undefined ? { problems: error.issues.map(describeIssue) } : { path, entries: data };
}

/** A setting that names the file: its keys, or one issue for each of its problems. */
export const apiKeysFile = z.string().transform((path, context): KeyFile => {
  // It is read again later, perhaps from another working directory.
  const file = readKeyFile(resolve(path));
  if (!("problems" in file)) return file;
  for (const message of file.problems) context.issues.push({ code: "custom", message, input: undefined });
  return z.NEVER;
});

function contentOf(path: string): { readonly value: unknown } | string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return "names a file that can't be read: check its path and permissions";
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return 'is no JSON: it must look like [{"id": …, "hash": …, "scopes": […]}]';
  }
}

function describeIssue({ path: [index, ...members], message }: z.core.$ZodIssue): string {
  if (typeof index !== "number") return message;
  return `entry ${[index + 1, ...members.slice(0, 1)].join(", ")}: ${message}`;
}

/** Checked beside broken entries, so that a start reports all problems at once; what those lack is no repetition. */
function areDistinct(member: "id" | "hash") {
  return (entries: readonly (Partial<KeyEntry> | null)[]): boolean => {
    const given = entries.map((entry) => entry?.[member]).filter((value) => value !== undefined);
    return new Set(given).size === given.length;
  };
}

function isList({ value }: { readonly value: unknown }): boolean {
  return Array.isArray(value);
}
