import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiKey, ApiKeys } from "./api-keys.ts";
import type { KeyScope } from "./key-file.ts";
import { refuseRequest } from "../http/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The key that it came with; null where none is needed. */
    apiKey: ApiKey | null;
  }
}

/** What each path takes (design 4.4). One that is not named here is the operator's. */
const accesses: Readonly<Record<string, KeyScope | "anybody">> = {
  "/health": "anybody",
  "/healthz": "anybody",
  "/readyz": "anybody",
  "/metrics": "anybody",
  "/mcp": "request",
  "/mcp/tools": "request",
  "/mcp/capabilities": "request",
  "/hitl/request": "request",
  "/hitl/poll": "request",
  "/hitl/pending": "request",
  "/hitl/cancel": "request",
};

/** Refuses whoever brings no key that the path takes. Without keys there is nothing to check. */
export function addKeyCheck(app: FastifyInstance, keys: ApiKeys | undefined): void {
  app.decorateRequest("apiKey", null);
  if (keys === undefined) return;
  app.addHook("onRequest", async (request, reply) => {
    const access = accessTo(request);
    if (access === "anybody") return undefined;
    const presented = keyIn(request.headers);
    const key = presented === undefined ? undefined : keys.find(presented);
    if (key === undefined) {
      void reply.header("www-authenticate", 'Bearer realm="loopgate"');
      return refuseRequest(request, reply, {
        code: "unauthorized",
        message: presented === undefined ? keyMissing : keyUnknown,
      });
    }
    if (!allows(key, access)) {
      return refuseRequest(request, reply, { code: "forbidden", message: scopeMissing });
    }
    request.apiKey = key;
    return undefined;
  });
}

/** Where nothing is, there is nothing to protect, and clients look for documents that tell how to get a token. */
function accessTo({ routeOptions: { url } }: FastifyRequest): KeyScope | "anybody" {
  return url === undefined ? "anybody" : (accesses[url] ?? "admin");
}

/** `X-API-Key` is ours alone; `Authorization` may also be a proxy's. */
function keyIn({ "x-api-key": own, authorization = "" }: IncomingHttpHeaders): string | undefined {
  return typeof own === "string" ? own : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** An `admin` may do all that others may. */
const allows = ({ scopes }: ApiKey, access: KeyScope): boolean =>
  scopes.includes("admin") || scopes.includes(access);

const keyMissing =
  "A key is needed here: send it as Authorization: Bearer <key>, or as X-API-Key. Its operator makes one with ./loopgate key.";
const keyUnknown = "This key is unknown or has expired. Its operator makes another with ./loopgate key.";
const scopeMissing =
  "This key may ask, read and cancel, not say which chats are asked: that takes a key with the scope admin.";
