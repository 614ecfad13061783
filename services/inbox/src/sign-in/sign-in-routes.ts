import { fastifyCookie } from "@fastify/cookie";
import { fastifyRateLimit } from "@fastify/rate-limit";
import { type ApiError, RateExceeded, sendProblem, speakJson } from "@loopgate/rest";
import type { Logger } from "@loopgate/runtime";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { InboxMetrics } from "../inbox-metrics.ts";
import type { People } from "../people/people.ts";
import type { BrowserSessions } from "./browser-sessions.ts";
import type { InboxAddress } from "./inbox-address.ts";
import { credentialsIn, foreignPage, isFromOwnPage } from "./person-authenticator.ts";
import type { SignInCodes } from "./sign-in-codes.ts";

export interface SignInRoutesOptions {
  readonly address: InboxAddress;
  readonly codes: SignInCodes;
  readonly people: People;
  readonly browserSessions: BrowserSessions;
  readonly signInHint: string;
  readonly logger: Logger;
  readonly metrics: InboxMetrics;
}

/** How often one address may try codes in a minute. */
const CODES_PER_MINUTE = 10;

const CodeBody = z.object(
  { code: z.string("must be a string").max(100, "is too long") },
  "must be an object",
);

/** The routes below `/auth`: a code signs a browser in, and the browser signs out. */
export function addSignInRoutes(app: FastifyInstance, options: SignInRoutesOptions): void {
  void app.register(
    async (scope) => {
      speakJson(scope, options.logger);
      await scope.register(fastifyCookie);
      await scope.register(fastifyRateLimit, {
        global: false,
        timeWindow: 60_000,
        errorResponseBuilder: () => new RateExceeded(),
      });
      scope.addHook("onRequest", async (request, reply) => {
        const isOwn = request.headers.origin !== undefined && isFromOwnPage(request.headers, options.address);
        return isOwn ? undefined : sendProblem(reply, foreignPage.error);
      });
      addCodeRoute(scope, options);
      addLogoutRoute(scope, options);
    },
    { prefix: "/auth" },
  );
}

function addCodeRoute(scope: FastifyInstance, options: SignInRoutesOptions): void {
  const { address, codes, people, browserSessions, logger, metrics } = options;
  const config = { access: "public", rateLimit: { max: CODES_PER_MINUTE } } as const;
  scope.post<{ Body: z.infer<typeof CodeBody> }>(
    "/code",
    { config, schema: { body: CodeBody } },
    async (request, reply) => {
      const signIn = await codes.spend(request.body.code);
      const person = signIn && (await people.admit(signIn.profile, signIn.issuedAt));
      metrics.signIns.inc({ outcome: person === undefined ? "refused" : "signed_in" });
      if (signIn === undefined || person === undefined) return sendProblem(reply, linkUsed(options));
      const { cookie, pageKey, endsAt } = await browserSessions.open(person, signIn.auth);
      logger.info({ person: person.id, auth: signIn.auth }, "signed in");
      return reply
        .setCookie(address.cookieName, cookie, { ...cookieOptions(address), expires: endsAt })
        .send({ page_key: pageKey });
    },
  );
}

function addLogoutRoute(scope: FastifyInstance, { address, browserSessions }: SignInRoutesOptions): void {
  scope.post("/logout", { config: { access: "public" } }, async (request, reply) => {
    const { cookie, pageKey } = credentialsIn(request.headers, address);
    if (cookie !== undefined && pageKey !== undefined) await browserSessions.end({ cookie, pageKey });
    return reply.clearCookie(address.cookieName, cookieOptions(address)).code(204).send();
  });
}

const cookieOptions = ({ isHttps }: InboxAddress) =>
  ({ path: "/", httpOnly: true, sameSite: "lax", secure: isHttps }) as const;

const linkUsed = ({ signInHint }: SignInRoutesOptions): ApiError => ({
  code: "code_used",
  message: `This link was used before, or is too old: ${signInHint}`,
});
