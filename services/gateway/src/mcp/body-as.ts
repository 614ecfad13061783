import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { readJson } from "../http/read-json.ts";
import { type Parsed, parseArguments, withoutNulls } from "../requests/arguments.ts";
import { invalidArguments } from "../tool-error.ts";

/** What a POST carries, or why that is no answerable body. */
export function bodyAs<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): Parsed<z.output<Schema>> {
  const body = readJson(request.body);
  if (body === undefined) return invalidArguments(["body: must be JSON"]);
  return parseArguments(schema, withoutNulls(body.value));
}
