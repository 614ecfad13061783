import { z } from "zod";
import { invalidArguments, type Refused } from "../tool-error.ts";

export type Parsed<Value> = { readonly kind: "parsed"; readonly value: Value } | Refused;

/** Arguments as their schema wants them, or all that is wrong with them. Unknown members are ignored. */
export function parseArguments<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): Parsed<z.output<Schema>> {
  const result = schema.safeParse(given);
  if (result.success) return { kind: "parsed", value: result.data };
  return invalidArguments(result.error.issues.map(describeIssue));
}

/** An object without the members that say nothing: `null` counts as absent in every argument. */
export function withoutNulls(given: unknown): unknown {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).filter(([, member]) => member !== null));
}

/** The same, and without those of the named ones that are empty text: some callers fill in every argument. */
export function withoutBlanks(given: unknown, names: readonly string[]): unknown {
  const said = withoutNulls(given);
  if (typeof said !== "object" || said === null || Array.isArray(said)) return said;
  return Object.fromEntries(
    Object.entries(said).filter(([name, member]) => member !== "" || !names.includes(name)),
  );
}

/** Text of 1 to `max` code points, whatever they are. Halves of surrogate pairs are replaced: no channel takes them. */
export const text = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .overwrite((value) => value.toWellFormed())
    .refine((value) => value !== "" && hasAtMost(max, value), `must have 1 to ${max} characters`)
    .meta({ minLength: 1, maxLength: max });

export const seconds = () => z.number("must be a number of seconds");

/** A whole number within its limits; a fraction is rounded down. */
export const clamp = (value: number, min: number, max: number): number =>
  Math.min(Math.max(Math.floor(value), min), max);

/** `wait_seconds` as it counts. */
export const waitSecondsOf = (given: number | undefined, max: number): number => clamp(given ?? 0, 0, max);

/** A code point has at most two UTF-16 units, so most texts need no count. */
function hasAtMost(max: number, value: string): boolean {
  if (value.length <= max) return true;
  return value.length <= 2 * max && Array.from(value).length <= max;
}

const describeIssue = ({ path, message }: z.core.$ZodIssue): string =>
  `${path.length === 0 ? "arguments" : path.join(".")}: ${message}`;
