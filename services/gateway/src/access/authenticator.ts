import type { IncomingHttpHeaders } from "node:http";
import { DEFAULT_TENANT } from "@loopgate/contracts";
import type { ApiKeys } from "./api-keys.ts";
import { type Authenticator, type Challenge, LOCAL_CALLER } from "@loopgate/rest";

/** Needs one of the operator's API keys. */
export const apiKeyAuthenticator = (keys: ApiKeys): Authenticator => ({
  authenticate: (headers) => {
    const presented = keyIn(headers);
    if (presented === undefined) return challenge(KEY_MISSING);
    const key = keys.find(presented);
    if (key === undefined) return challenge(KEY_UNKNOWN, 'error="invalid_token", ');
    return {
      kind: "key",
      tenant: DEFAULT_TENANT,
      id: `key:${key.id}`,
      keyId: key.id,
      scopes: key.scopes,
    };
  },
});

/** Trusts every caller: for a gateway without keys, which only this machine or a closed network reaches. */
export const localAuthenticator: Authenticator = {
  authenticate: () => ({
    kind: "key",
    tenant: DEFAULT_TENANT,
    id: LOCAL_CALLER,
    scopes: ["request", "admin"],
  }),
};

/** `X-API-Key` comes first, because a proxy may use `Authorization` for itself. */
function keyIn({ "x-api-key": own, authorization = "" }: IncomingHttpHeaders): string | undefined {
  return typeof own === "string" ? own : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** RFC 6750, so that clients can show the sentence. A request that carries a key also gets an error code. */
const challenge = (message: string, error = ""): Challenge => ({
  kind: "challenge",
  wwwAuthenticate: `Bearer realm="loopgate", ${error}error_description="${message}"`,
  message,
  unknownPath: KEY_INSTEAD_OF_OAUTH,
});

/** MCP clients that get a 401 look for an authorization server, and show what they find in its place. */
const KEY_INSTEAD_OF_OAUTH =
  "Nothing is served at this path, and OAuth is not used here. This gateway needs an API key: send it as Authorization: Bearer <key>, or as X-API-Key. The operator creates one with ./loopgate key.";

const KEY_MISSING =
  "This path needs an API key: send it as Authorization: Bearer <key>, or as X-API-Key. The operator creates one with ./loopgate key.";
const KEY_UNKNOWN =
  "This key is unknown or has expired: ask the operator for a new one, created with ./loopgate key.";
