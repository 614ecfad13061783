import { z } from "zod";

/** An id as callers give it. One that is malformed is simply not found. */
export const requestIdArgument = () =>
  z
    .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
    .describe("The request_id that request_human_input returned.");
