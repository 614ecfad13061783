import {
  type CreatedEvent,
  createdEvent,
  keyedRequestId,
  type RequestDetails,
  newRequestId,
  type Prompt,
  type Recipient,
  type RequestRef,
  type RequestView,
} from "@loopgate/contracts";
import { LogFull, type RequestQueries, Unavailable } from "@loopgate/bus";
import { findRequest, type RequestLog, type SubmitResult } from "@loopgate/requests";
import { requestDetailsOf, promptOf, type RecipientPolicy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { clamp } from "@loopgate/rest/arguments";
import { apiError, type ApiFailure, type Caller, invalidArguments, keyIdOf } from "@loopgate/rest";
import type { Departure, Departures, SubmissionIdentity } from "./departures.ts";
import { fingerprintOf, type Submission } from "./submission.ts";

/** How long after a request has ended its key still returns it, in seconds (docs/interface.md#tools). */
const DEFAULT_KEY_REPLAY_SECONDS = 600;

export interface SubmitterOptions {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  readonly sessions: SessionRegistry;
  readonly departures: Departures;
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly metrics: Pick<GatewayMetrics, "accepted">;
  readonly now: () => Date;
}

/** The parts of a caller that a submission needs. */
export interface Submitting {
  readonly caller: Caller;
  readonly clientName?: string | undefined;
  /** The header `User-Agent`. It names a client that gives no other name, and is no part of a key's scope. */
  readonly userAgent?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly policy?: RecipientPolicy | undefined;
}

/** A submission that waits; `calls` counts the calls that have waited for this question, this one included. */
export type WaitingOutcome = (Accepted & { readonly calls: number }) | ApiFailure;

export type SubmitOutcome = Accepted | ApiFailure;

interface Accepted {
  readonly kind: "accepted";
  readonly request: RequestDetails;
  /** False for a request that an earlier call asked. */
  readonly isNew: boolean;
}

/** Accepts questions (docs/invariants.md#keyed-submissions). */
export class Submitter {
  readonly #options: SubmitterOptions;

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  /**
   * `accepted` once the question is in the log (I1). The same submission under the same key is the same request (I7).
   * @throws Unavailable if it is unknown whether the question was stored. Without a key, repeating it may ask twice.
   */
  submit(submission: Submission, submitting: Submitting): Promise<SubmitOutcome> {
    return this.#submit(draftOf(submission, submitting, identityOf(submission, submitting)), submitting);
  }

  async #submit(draft: Draft, submitting: Submitting): Promise<SubmitOutcome> {
    const { submission } = draft;
    const { message, request_type, options } = submission;
    const offered = options?.map((option) => (typeof option === "string" ? { label: option } : option));
    const shown = promptOf({ message, requestType: request_type, options: offered });
    if (shown.kind === "invalid") return invalidArguments([shown.problem]);
    if (submission.idempotency_key !== undefined) {
      const known = await this.#known(draft);
      if (known !== undefined) return known;
    }
    const session = { tenant: draft.ref.tenant, id: draft.sessionId };
    const routed = await this.#options.sessions.recipientsOf(session, submitting.policy);
    if (routed.kind === "error") return routed;
    return this.#append(draft, this.#event(draft, shown.prompt, routed.recipients));
  }

  /**
   * Asks as {@link submit} does, for a call that waits. If a caller made the same submission before, left before it got
   * the id, and its question is still pending, this call joins that question. A question that was decided while no call
   * waited is not joined: it is asked anew.
   */
  async submitWaiting(submission: Submission, submitting: Submitting): Promise<WaitingOutcome> {
    const identity = identityOf(submission, submitting);
    if (submission.idempotency_key === undefined) {
      const departure = await this.#options.departures.take(identity);
      const request =
        departure && (await this.#pending({ tenant: identity.tenant, id: departure.request_id }));
      if (departure !== undefined && request !== undefined)
        return { kind: "accepted", request, isNew: false, calls: departure.calls + 1 };
    }
    const submitted = await this.#submit(draftOf(submission, submitting, identity), submitting);
    return submitted.kind === "error" ? submitted : { ...submitted, calls: 1 };
  }

  /** Remembers that a waiting call's caller left before it heard the id. A keyed call finds its request by its key. */
  async recordDeparture(submission: Submission, submitting: Submitting, departure: Departure): Promise<void> {
    if (submission.idempotency_key !== undefined) return;
    await this.#options.departures.record(identityOf(submission, submitting), departure);
  }

  async #pending(ref: RequestRef): Promise<RequestDetails | undefined> {
    const { requests, queries } = this.#options;
    const request = await findRequest({ requests, queries }, ref);
    return request?.view.status === "pending" ? request : undefined;
  }

  /** The request that already has this key. */
  async #known(draft: Draft): Promise<SubmitOutcome | undefined> {
    const { queries, requests } = this.#options;
    try {
      const reply = await queries.status(draft.ref);
      return reply.kind === "found" ? this.#replay(reply.request, draft) : undefined;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
    const decision = await requests.decision(draft.ref);
    return decision === undefined ? undefined : this.#logged(draft);
  }

  /** The request that the log holds under this key. A decision whose question is gone can't be returned. */
  async #logged(draft: Draft): Promise<SubmitOutcome> {
    const request = requestDetailsOf(await this.#options.requests.read(draft.ref));
    if (request === undefined) throw new Unavailable("the log no longer holds this key's question");
    return this.#replay(request, draft);
  }

  /**
   * Answers with the request that this submission's id has. A key is for retries: some time after the end of its request
   * it is refused, so that an old approval never answers a new call (I7, I10). Arguments are compared even after our own
   * append: two gateways that use one key in the same millisecond build events with the same id.
   */
  #replay(request: RequestDetails, { fingerprint }: Draft): SubmitOutcome {
    const { decided_at } = request.view;
    const { keyReplaySeconds = DEFAULT_KEY_REPLAY_SECONDS } = this.#options.settings;
    const sinceEndMs = decided_at === undefined ? 0 : this.#options.now().getTime() - Date.parse(decided_at);
    if (sinceEndMs > keyReplaySeconds * 1_000) return keyUsed(request);
    return request.fingerprint === fingerprint
      ? { kind: "accepted", request, isNew: false }
      : otherArguments();
  }

  #event(draft: Draft, prompt: Prompt, recipients: readonly Recipient[]): CreatedEvent {
    const { defaultTimeoutSeconds, minTimeoutSeconds, maxTimeoutSeconds } = this.#options.settings;
    const timeout = draft.submission.timeout_seconds ?? defaultTimeoutSeconds;
    const timeoutSeconds = clamp(timeout, minTimeoutSeconds, maxTimeoutSeconds);
    const { metadata } = draft.submission;
    return createdEvent({ ...draft, prompt, recipients, metadata, timeoutSeconds }, this.#options.now());
  }

  async #append(draft: Draft, event: CreatedEvent): Promise<SubmitOutcome> {
    const result = await this.#submitWithRetry(event);
    if (result === undefined) return logIsFull();
    const { created } = result;
    if (result.kind === "exists") return this.#logged(draft);
    this.#options.logger.debug(requestFields(created.event), "accepted");
    this.#options.metrics.accepted.inc({ request_type: created.event.data.prompt.kind });
    const request = requestDetailsOf({ created });
    if (request === undefined) throw new TypeError("a created event without a view");
    const accepted = this.#replay(request, draft);
    return accepted.kind === "error" ? accepted : { ...accepted, isNew: true };
  }

  /** Tries once more after an unknown outcome: the event's id makes that safe. Undefined: the log is full. */
  async #submitWithRetry(event: CreatedEvent): Promise<SubmitResult | undefined> {
    const { requests } = this.#options;
    try {
      return await requests.submit(event);
    } catch (error) {
      if (error instanceof LogFull) return undefined;
      if (!(error instanceof Unavailable)) throw error;
      return requests.submit(event);
    }
  }
}

interface Draft {
  readonly submission: Submission;
  readonly ref: RequestRef;
  readonly sessionId: string;
  readonly clientId: string;
  readonly keyId: string | undefined;
  readonly fingerprint: string;
  readonly traceparent?: string | undefined;
}

function draftOf(
  submission: Submission,
  submitting: Submitting,
  { fingerprint, ...scope }: SubmissionIdentity,
): Draft {
  const key = submission.idempotency_key;
  const id = key === undefined ? newRequestId() : keyedRequestId({ ...scope, key });
  const { caller, traceparent, userAgent } = submitting;
  const { tenant, sessionId } = scope;
  const clientId = nameOf(submission, submitting) ?? labelOf(productIn(userAgent)) ?? UNNAMED;
  return {
    submission,
    ref: { tenant, id },
    sessionId,
    clientId,
    keyId: keyIdOf(caller),
    fingerprint,
    traceparent,
  };
}

function identityOf(submission: Submission, submitting: Submitting): SubmissionIdentity {
  const { tenant, id: caller } = submitting.caller;
  const clientId = nameOf(submission, submitting) ?? UNNAMED;
  const sessionId = submission.session_id ?? "default";
  return { tenant, caller, clientId, sessionId, fingerprint: fingerprintOf(submission) };
}

const UNNAMED = "agent";

/** The client's own name, or else that of its API key. */
const nameOf = (submission: Submission, { caller, clientName }: Submitting): string | undefined =>
  submission.client_id ?? labelOf(clientName) ?? keyIdOf(caller);

/** The product token of a `User-Agent`, unless it names an HTTP library instead of the client. */
function productIn(userAgent: string | undefined): string | undefined {
  const product = /^[^\s/(]+/.exec(userAgent ?? "")?.[0];
  return product === undefined || HTTP_LIBRARIES.has(product.toLowerCase()) ? undefined : product;
}

const HTTP_LIBRARIES: ReadonlySet<string> = new Set(
  "aiohttp axios bun curl deno fetch go-http-client got java mozilla node okhttp python python-httpx python-requests python-urllib ruby undici wget".split(
    " ",
  ),
);

/** A client's name as a client id, cut to 128 code points; 256 UTF-16 units hold at least as many. */
function labelOf(name: string | undefined): string | undefined {
  return name === undefined || name === ""
    ? undefined
    : Array.from(name.slice(0, 256)).slice(0, 128).join("");
}

const otherArguments = (): ApiFailure =>
  apiError(
    "idempotency_conflict",
    "This idempotency_key belongs to a request with other arguments: use a new key for a new question.",
  );

const keyUsed = (request: RequestDetails): ApiFailure =>
  apiError(
    "idempotency_key_used",
    `This idempotency_key belongs to an earlier call, whose request ${endOf(request.view)}: a new question needs a new key; the status of request ${request.view.request_id} shows how it ended.`,
    request,
  );

function endOf({ status, decided_at, decided_by }: RequestView): string {
  if (status === "expired") return `expired at ${decided_at}`;
  if (status === "cancelled") return `was cancelled at ${decided_at}`;
  return `was decided at ${decided_at} by ${decided_by?.name ?? decided_by?.id ?? "a person"}`;
}

const logIsFull = (): ApiFailure =>
  apiError(
    "unavailable",
    "The log is full: what room is left is reserved for decisions. Nothing was asked: tell the operator, and call again later.",
  );
