import type { Bucket, KeyValue, RequestQueries } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import { AnswerRecorder, type RequestLog } from "@loopgate/requests";
import type { WebExtension } from "@loopgate/rest";
import type { Logger, Metrics } from "@loopgate/runtime";
import { addDecisionRoutes } from "./answers/decision-routes.ts";
import { Answers } from "./answers/answers.ts";
import { inboxMetrics } from "./inbox-metrics.ts";
import { addMeRoutes } from "./people/me-routes.ts";
import { addPages, type PagesOptions } from "./pages/pages.ts";
import { People } from "./people/people.ts";
import { BrowserSessions } from "./sign-in/browser-sessions.ts";
import { InboxAddress } from "./sign-in/inbox-address.ts";
import { personAuthenticator } from "./sign-in/person-authenticator.ts";
import { addSignInRoutes } from "./sign-in/sign-in-routes.ts";
import { type SignIn, SignInCodes } from "./sign-in/sign-in-codes.ts";

/** Where an inbox keeps what it remembers. */
export interface InboxBuckets {
  readonly sessions: Bucket;
  readonly people: Bucket;
  readonly codes: Bucket;
  readonly browserSessions: Bucket;
}

/** @throws Unavailable */
export const inboxBuckets = async (keyValue: KeyValue): Promise<InboxBuckets> => ({
  sessions: await keyValue.bucket("sessions"),
  people: await keyValue.bucket("people"),
  codes: await keyValue.bucket("web_codes"),
  browserSessions: await keyValue.bucket("web_sessions"),
});

export interface InboxOptions {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  readonly buckets: InboxBuckets;
  /** Whom the inbox lets answer. Absent: people only read. */
  readonly policy: RecipientPolicy | undefined;
  /** How agents ask at the address of the inbox; `no` if no gateway serves it. */
  readonly agentsAskHere: PagesOptions["agentsAskHere"];
  /** What people's browsers use, if that is not where the process listens. */
  readonly publicUrl?: string | undefined;
  /** What people do to sign in; ends an error message. */
  readonly signInHint: string;
  /** What the owner of this machine runs to sign in; the page shows it. */
  readonly signInCommand?: string | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The inbox in the browser: people sign in, read what asks them, and answer. A gateway or a server of its own serves it. */
export interface Inbox extends WebExtension {
  readonly address: InboxAddress;
  /** A link that signs this person in once. It is a secret: never log it, and never return it to a program. */
  newLink(signIn: SignIn): Promise<string>;
}

export function createInbox(options: InboxOptions): Inbox {
  const { requests, queries, buckets, policy, agentsAskHere, publicUrl, signInHint, signInCommand, logger } =
    options;
  const metrics = inboxMetrics(options.metrics);
  const address = new InboxAddress(publicUrl);
  const people = new People(buckets.people);
  const codes = new SignInCodes(buckets.codes);
  const browserSessions = new BrowserSessions({ bucket: buckets.browserSessions, people });
  const recorder = new AnswerRecorder({
    requests,
    sessions: buckets.sessions,
    policies: () => (policy === undefined ? [] : [policy]),
    now: () => new Date(),
  });
  const answers = new Answers({ requests, queries, recorder, logger, metrics });
  const takesAnswers = policy !== undefined;
  return {
    address,
    newLink: async (signIn) => address.linkWith(await codes.issue(signIn)),
    authenticator: personAuthenticator({ address, browserSessions, signInHint, takesAnswers }),
    addRoutes: (app) => {
      addSignInRoutes(app, { address, codes, people, browserSessions, signInHint, logger, metrics });
      addPages(app, { agentsAskHere, takesAnswers, signInCommand, address });
    },
    addV1Routes: (v1) => {
      addMeRoutes(v1, people);
      addDecisionRoutes(v1, answers);
    },
  };
}
