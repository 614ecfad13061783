import type { IncomingHttpHeaders } from "node:http";
import type { ApiError } from "./api-error.ts";
import type { Caller } from "./caller.ts";

/** Finds out who makes an HTTP request. */
export interface Authenticator {
  /** Undefined if the headers carry no credentials that this authenticator knows. */
  authenticate(headers: IncomingHttpHeaders): Authentication | Promise<Authentication>;
}

export type Authentication = Caller | Challenge | Refusal | undefined;

/** The answer to credentials that do not count, where a challenge would not help. */
export interface Refusal {
  readonly kind: "refusal";
  readonly error: ApiError;
}

/** The answer to a request without valid credentials. */
export interface Challenge {
  readonly kind: "challenge";
  /** For the header `WWW-Authenticate`. */
  readonly wwwAuthenticate: string;
  /** Names the next step. */
  readonly message: string;
  /** Answers unknown paths instead: for clients that get a 401 and then look for how to get credentials. */
  readonly unknownPath?: string;
}

/** The result of the first authenticator that knows the credentials. */
export const firstOf = (authenticators: readonly Authenticator[]): Authenticator => ({
  authenticate: async (headers) => {
    for (const authenticator of authenticators) {
      const result = await authenticator.authenticate(headers);
      if (result !== undefined) return result;
    }
    return undefined;
  },
});
