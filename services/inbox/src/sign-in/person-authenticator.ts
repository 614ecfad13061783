import type { IncomingHttpHeaders } from "node:http";
import { fastifyCookie } from "@fastify/cookie";
import type { Authentication, Authenticator, PersonCaller, Refusal } from "@loopgate/rest";
import type { BrowserSessions, SessionSecrets, SignedIn } from "./browser-sessions.ts";
import type { InboxAddress } from "./inbox-address.ts";

export interface PersonAuthenticatorOptions {
  readonly address: InboxAddress;
  readonly browserSessions: BrowserSessions;
  /** What people do to sign in; ends an error message. */
  readonly signInHint: string;
  /** False where people may only read: then no principal of theirs counts. */
  readonly takesAnswers: boolean;
}

/**
 * Knows people by their browser session. A request with one of its secrets is a person's or no one's: no other
 * authenticator is asked about it.
 */
export function personAuthenticator(options: PersonAuthenticatorOptions): Authenticator {
  const { address, browserSessions, signInHint, takesAnswers } = options;
  const signInRequired = refusal("sign_in_required", `You are not signed in here: ${signInHint}`);
  return {
    authenticate: async (headers): Promise<Authentication> => {
      const { cookie, pageKey } = credentialsIn(headers, address);
      if (cookie === undefined && pageKey === undefined) return undefined;
      if (cookie === undefined || pageKey === undefined) return signInRequired;
      if (!isFromOwnPage(headers, address)) return foreignPage;
      const signedIn = await browserSessions.find({ cookie, pageKey });
      return signedIn === undefined ? signInRequired : callerOf(signedIn, takesAnswers);
    },
  };
}

/** Where people alone are served: whatever is no person is refused. */
export function peopleAlone(people: Authenticator, signInHint: string): Authenticator {
  const signInRequired = refusal("sign_in_required", `You are not signed in here: ${signInHint}`);
  return {
    authenticate: async (headers) =>
      (await people.authenticate(headers)) ?? (hasApiKey(headers) ? keysDoNotCount : signInRequired),
  };
}

/** The secrets of a browser session, as a request of the inbox's page carries them. */
export function credentialsIn(headers: IncomingHttpHeaders, address: InboxAddress): Partial<SessionSecrets> {
  const cookie = fastifyCookie.parse(headers.cookie ?? "")[address.cookieName];
  const pageKey = headers["loopgate-page-key"];
  return {
    ...(cookie === undefined ? {} : { cookie }),
    ...(typeof pageKey === "string" ? { pageKey } : {}),
  };
}

/**
 * Browsers say which page a request comes from. A page on another port of the same host is another page, though it is of
 * the same site and sends the same cookies.
 */
export function isFromOwnPage(headers: IncomingHttpHeaders, address: InboxAddress): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  return headers.origin === undefined || headers.origin === address.origin;
}

const callerOf = ({ person, auth }: SignedIn, takesAnswers: boolean): PersonCaller => ({
  kind: "person",
  tenant: person.tenant,
  id: person.id,
  name: person.name,
  principals: takesAnswers ? person.principals : [],
  roles: person.roles,
  auth,
});

const hasApiKey = (headers: IncomingHttpHeaders): boolean =>
  headers.authorization !== undefined || headers["x-api-key"] !== undefined;

const refusal = (code: Refusal["error"]["code"], message: string): Refusal => ({
  kind: "refusal",
  error: { code, message },
});

export const foreignPage = refusal(
  "forbidden",
  "Another page sent this: only the inbox's own page may, at the address of LOOPGATE_PUBLIC_URL.",
);

const keysDoNotCount = refusal(
  "forbidden",
  "No API key counts here: programs call the gateway, and only signed-in people answer.",
);
