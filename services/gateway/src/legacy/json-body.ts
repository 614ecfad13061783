import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { parseJson } from "../mcp/json-rpc.ts";
import { type Parsed, parseArguments, withoutNulls } from "../requests/arguments.ts";
import { invalidArguments } from "../tool-error.ts";

/** The body of a POST, or what is wrong with it. */
export function bodyAs<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): Parsed<z.output<Schema>> {
  const body = parseJson(request.body);
  if (body === undefined) return invalidArguments(["body: must be JSON"]);
  return parseArguments(schema, withoutNulls(body.value));
}
