import { parseJson } from "@loopgate/runtime/json";
import { z } from "zod";
import { type ApiFailure, type ArgumentProblem, invalidArguments } from "./api-error.ts";

export type Parsed<Value> = { readonly kind: "parsed"; readonly value: Value } | ApiFailure;

/**
 * The parsed arguments, or every problem with them. Unknown members are ignored. Many clients fill in every argument, so
 * `null` counts as absent, and so does `""` where an argument is optional. Many write values as text, so a string of JSON
 * is parsed where the schema allows no string.
 */
export function parseArguments<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): Parsed<z.output<Schema>> {
  const result = schema.safeParse(asDeclared(schema, given === "" ? {} : given) ?? {});
  if (result.success) return { kind: "parsed", value: result.data };
  return invalidArguments(result.error.issues.map(problemOf));
}

/** Parses a string of JSON that holds an object; returns anything else unchanged. For values that can't be strings. */
export const objectFromText = (given: unknown): unknown => fromText(given, isObject);

/** Brings a value closer to its declared type, as {@link parseArguments} describes. Validates nothing. */
function asDeclared(schema: z.core.$ZodType, given: unknown): unknown {
  if (schema instanceof z.ZodOptional) {
    return given === "" ? undefined : (asDeclared(schema.unwrap(), given) ?? undefined);
  }
  if (schema instanceof z.ZodObject) return membersAsDeclared(schema, objectFromText(given));
  if (schema instanceof z.ZodArray) {
    const list = fromText(given, Array.isArray);
    return Array.isArray(list) ? list.map((element) => asDeclared(schema.element, element)) : list;
  }
  if (schema instanceof z.ZodUnion) {
    const object = schema.options.find((option) => option instanceof z.ZodObject);
    return object !== undefined && isObject(given) ? asDeclared(object, given) : given;
  }
  if (schema instanceof z.ZodRecord) return objectFromText(given);
  if (schema instanceof z.ZodNumber) return fromText(given, (value) => typeof value === "number");
  if (schema instanceof z.ZodBoolean) return fromText(given, (value) => typeof value === "boolean");
  return given;
}

function membersAsDeclared({ shape }: z.ZodObject, given: unknown): unknown {
  if (!isObject(given)) return given;
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, member]) => {
      const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
      const value = schema === undefined ? member : asDeclared(schema, member);
      return value === null || value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The JSON value in a text if it has the declared type or is null; anything else unchanged. */
function fromText(given: unknown, isDeclared: (value: unknown) => boolean): unknown {
  if (typeof given !== "string") return given;
  const json = parseJson(given);
  return json.kind === "value" && (json.value === null || isDeclared(json.value)) ? json.value : given;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The id of a request. A malformed one passes: it is treated as an id that no request has. */
export const requestId = () =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .describe("The request_id that request_human_input returned.");

/** Rounds down and keeps within the limits. */
export const clamp = (value: number, min: number, max: number): number =>
  Math.min(Math.max(Math.floor(value), min), max);

/** The effective `wait_seconds`. */
export const waitSecondsOf = (given: number | undefined, max: number): number => clamp(given ?? 0, 0, max);

const problemOf = ({ path, message }: z.core.$ZodIssue): ArgumentProblem => ({
  path: path.map((part) => (typeof part === "symbol" ? String(part) : part)),
  detail: message,
});
