import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { FileLimitExceeded, readSmallFile } from "@loopgate/async";
import { z } from "zod";
import { StartupError } from "@loopgate/bus";

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of a configuration, one message each. Messages contain no values, because values may be secrets. */
export class ConfigurationError extends StartupError {
  override readonly name = "ConfigurationError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`configuration:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Reads the variables of a schema. An empty variable counts as absent. For every name in `secrets`, the variable
 * `NAME_FILE` may name a file, or a pipe, that contains the value.
 * @throws ConfigurationError that lists every problem.
 */
export async function readConfiguration<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
  secrets: readonly (keyof z.infer<Schema> & string)[] = [],
): Promise<z.infer<Schema>> {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== "") given[name] = value;
  }
  for (const name of secrets) {
    const file = secretFileOf(name, environment);
    if (file === undefined) continue;
    if (name in given) problems.push(`${name} and ${name}_FILE are both set: keep one`);
    else await readSecret(name, file, given, problems);
  }
  const parsed = await schema.safeParseAsync(given);
  if (!parsed.success) problems.push(...parsed.error.issues.map(describeIssue));
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(problems);
  return parsed.data;
}

/**
 * The absolute path of the file that holds a secret; undefined if its variable does, or nothing. A process may change its
 * working directory before it reads the file again.
 */
export function secretFileOf(name: string, environment: Environment): string | undefined {
  const file = environment[`${name}_FILE`]?.trim();
  return file === undefined || file === "" ? undefined : resolve(file);
}

export type SecretRead =
  | { readonly kind: "value"; readonly value: string }
  /** `problem` completes "<setting> …" and does not quote the value. */
  | { readonly kind: "unusable"; readonly problem: string };

/** Reads the value in the file of a secret, which may have changed since the start. */
export async function readSecretFile(file: string, schema: z.ZodType<string>): Promise<SecretRead> {
  try {
    const value = (await readSmallFile(file)).toString().trim();
    if (value === "") return { kind: "unusable", problem: "names an empty file" };
    const { success, error } = schema.safeParse(value);
    if (success) return { kind: "value", value };
    return { kind: "unusable", problem: `holds a value that ${error.issues[0]?.message ?? "is invalid"}` };
  } catch (error) {
    return { kind: "unusable", problem: unreadable(error) };
  }
}

/** A comma-separated list; empty if absent. */
export const listSetting = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );

const UNREADABLE = "names a file that can't be read: check its path and permissions";

/** The path of a file that this process may read. */
export const readableFile = z.string().refine((path) => {
  try {
    accessSync(path, constants.R_OK);
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}, UNREADABLE);

async function readSecret(
  name: string,
  file: string,
  given: Record<string, string>,
  problems: string[],
): Promise<void> {
  const read = await readSecretFile(file, z.string());
  if (read.kind === "value") given[name] = read.value;
  else problems.push(`${name}_FILE ${read.problem}`);
}

/** Why a setting's file can't be read, and what to check. */
export const unreadable = (error: unknown): string =>
  error instanceof FileLimitExceeded
    ? `names a file that ${error.message}: check its path, and what writes to it`
    : UNREADABLE;

const describeIssue = (issue: z.core.$ZodIssue): string =>
  `${issue.path.length > 0 ? issue.path.join(".") : "configuration"}: ${issue.message}`;
