import { z } from "zod";
import { invalidArguments, type ToolFailure } from "../tool-error.ts";

export type Parsed<Value> = { readonly kind: "parsed"; readonly value: Value } | ToolFailure;

/** The parsed arguments, or every problem with them. Unknown members are ignored. */
export function parseArguments<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): Parsed<z.output<Schema>> {
  const result = schema.safeParse(given);
  if (result.success) return { kind: "parsed", value: result.data };
  return invalidArguments(result.error.issues.map(describeIssue));
}

/** An object without its `null` members: `null` counts as absent in every argument. */
export function withoutNulls(given: unknown): unknown {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).filter(([, member]) => member !== null));
}

/** The same, also without the named members that are empty strings: some callers fill in every argument. */
export function withoutBlanks(given: unknown, names: readonly string[]): unknown {
  const present = withoutNulls(given);
  if (typeof present !== "object" || present === null || Array.isArray(present)) return present;
  return Object.fromEntries(
    Object.entries(present).filter(([name, member]) => member !== "" || !names.includes(name)),
  );
}

/** Text of 1 to `max` code points. Lone surrogates are replaced, because no channel accepts them. */
export const text = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .overwrite((value) => value.toWellFormed())
    .refine((value) => value !== "" && hasAtMost(max, value), `must have 1 to ${max} characters`)
    .meta({ minLength: 1, maxLength: max });

/** The id of a request. A malformed one passes, because it is an id that no request has. */
export const requestId = () =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .describe("The request_id that request_human_input returned.");

export const seconds = () => z.number("must be a number of seconds");

/** Rounds down and keeps within the limits. */
export const clamp = (value: number, min: number, max: number): number =>
  Math.min(Math.max(Math.floor(value), min), max);

/** The effective `wait_seconds`. */
export const waitSecondsOf = (given: number | undefined, max: number): number => clamp(given ?? 0, 0, max);

/** A code point has one or two UTF-16 units, so most texts need no counting. */
function hasAtMost(max: number, value: string): boolean {
  if (value.length <= max) return true;
  return value.length <= 2 * max && Array.from(value).length <= max;
}

const describeIssue = ({ path, message }: z.core.$ZodIssue): string =>
  `${path.length === 0 ? "arguments" : path.join(".")}: ${message}`;
