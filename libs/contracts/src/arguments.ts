import { z } from "zod";

/** Text of 1 to `max` code points. Lone surrogates are replaced, because no channel accepts them. */
export const text = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .overwrite((value) => value.toWellFormed())
    .refine((value) => value !== "" && hasAtMost(max, value), `must have 1 to ${max} characters`)
    .meta({ minLength: 1, maxLength: max });

export const seconds = () => z.number("must be a number of seconds");

/** A code point has one or two UTF-16 units, so most texts need no counting. */
function hasAtMost(max: number, value: string): boolean {
  if (value.length <= max) return true;
  return value.length <= 2 * max && Array.from(value).length <= max;
}
