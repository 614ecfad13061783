import {
  type JSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  specTypeSchemas,
} from "@modelcontextprotocol/server";
import { objectFromText } from "@loopgate/rest/arguments";

type RequestHandler = Parameters<Server["_wrapHandler"]>[1];

/**
 * The protocol's server, with two changes to what it accepts. Arguments of a tool may be JSON text. And invalid params are
 * the error of the specification with one sentence: the library answers with an internal error or a dump of its schema.
 */
export class ToolServer extends Server {
  protected override _wrapHandler(method: string, handler: RequestHandler): RequestHandler {
    const handle = super._wrapHandler(method, handler);
    return async (given, context) => {
      const request = method === "tools/call" ? withReadArguments(given) : given;
      const problem = problemWith(method, request.params);
      if (problem !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, problem);
      return handle(request, context);
    };
  }
}

/** `null` and `""` are no arguments. */
function withReadArguments(request: JSONRPCRequest): JSONRPCRequest {
  const given = request.params?.["arguments"];
  if (typeof given !== "string" && given !== null) return request;
  const { arguments: _, ...params } = request.params ?? {};
  const read = given === "" ? null : objectFromText(given);
  return { ...request, params: read === null ? params : { ...params, arguments: read } };
}

type ParamsSchema = (typeof specTypeSchemas)[
  | "InitializeRequestParams"
  | "CallToolRequestParams"
  | "PaginatedRequestParams"];

const paramsSchemas = new Map<string, ParamsSchema>([
  ["initialize", specTypeSchemas.InitializeRequestParams],
  ["tools/call", specTypeSchemas.CallToolRequestParams],
  ["tools/list", specTypeSchemas.PaginatedRequestParams],
]);

/** The first problem with the params of a request, in words that contain nothing of the caller's. */
function problemWith(method: string, params: unknown = {}): string | undefined {
  const result = paramsSchemas.get(method)?.["~standard"].validate(params);
  const [issue] = result?.issues ?? [];
  if (issue === undefined) return undefined;
  // Deeper members may have names that the caller chose.
  const place = ["params", ...(issue.path ?? []).slice(0, 1).map(nameOf)].join(".");
  return `Invalid params: ${place} is missing or not as the specification says, correct it and call again`;
}

const nameOf = (segment: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof segment === "object" ? segment.key : segment);
