import { parseJson } from "@loopgate/runtime/json";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";

import { type Parsed, parseArguments } from "@loopgate/rest/arguments";
import { invalidArguments } from "@loopgate/rest";

/** The body of a POST, or what is wrong with it. */
export function bodyAs<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): Parsed<z.output<Schema>> {
  const json = parseJson(typeof request.body === "string" ? request.body : "");
  if (json.kind === "not_json") return invalidArguments([{ path: ["body"], detail: "must be JSON" }]);
  if (json.kind === "too_deep")
    return invalidArguments([{ path: ["body"], detail: "nests too deep, send fewer levels" }]);
  return parseArguments(schema, json.value);
}
