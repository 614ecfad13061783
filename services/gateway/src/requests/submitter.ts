import {
  type CreatedEvent,
  createdEvent,
  keyedRequestId,
  type RequestDetails,
  newRequestId,
  type Prompt,
  type Recipient,
  type RequestRef,
} from "@loopgate/contracts";
import { LogFull, type RequestQueries, Unavailable } from "@loopgate/bus";
import { type RequestLog, type SubmitResult } from "@loopgate/requests";
import { requestDetailsOf, promptOf, type RecipientPolicy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import type { Principal } from "../access/principal.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { clamp } from "./arguments.ts";
import { invalidArguments, toolError, type ToolFailure } from "../tool-error.ts";
import { fingerprintOf, type Submission } from "./submission.ts";

export interface SubmitterParts {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  readonly sessions: SessionRegistry;
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly metrics: Pick<GatewayMetrics, "accepted">;
  readonly now: () => Date;
}

/** The parts of a caller that a submission needs. */
export interface Submitting {
  readonly principal: Principal;
  readonly clientName?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly policy?: RecipientPolicy | undefined;
}

export type SubmitOutcome = { readonly kind: "accepted"; readonly request: RequestDetails } | ToolFailure;

/** Accepts questions: the rules of design 3.1 for submissions. */
export class Submitter {
  readonly #parts: SubmitterParts;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /**
   * `accepted` once the question is in the log (I1). The same submission under the same key is the same request (I7).
   * @throws Unavailable if it is unknown whether the question was stored. Without a key, repeating it may ask twice.
   */
  async submit(submission: Submission, submitting: Submitting): Promise<SubmitOutcome> {
    const { message, request_type, options } = submission;
    const offered = options?.map((option) => (typeof option === "string" ? { label: option } : option));
    const shown = promptOf({ message, requestType: request_type, options: offered });
    if (shown.kind === "invalid") return invalidArguments([shown.problem]);
    const draft = draftOf(submission, submitting);
    if (submission.idempotency_key !== undefined) {
      const known = await this.#known(draft);
      if (known !== undefined) return known;
    }
    const session = { tenant: draft.ref.tenant, id: draft.sessionId };
    const routed = await this.#parts.sessions.recipientsOf(session, submitting.policy);
    if (routed.kind === "error") return routed;
    return this.#append(draft, this.#event(draft, shown.prompt, routed.recipients));
  }

  /** The request that already has this key. */
  async #known(draft: Draft): Promise<SubmitOutcome | undefined> {
    const { queries, requests } = this.#parts;
    try {
      const reply = await queries.status(draft.ref);
      return reply.kind === "found" ? sameOrConflict(reply.request, draft) : undefined;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
    const decision = await requests.decision(draft.ref);
    return decision === undefined ? undefined : this.#logged(draft);
  }

  /** The request that the log holds under this key. A decision whose question the log has dropped is not enough. */
  async #logged(draft: Draft): Promise<SubmitOutcome> {
    const request = requestDetailsOf(await this.#parts.requests.read(draft.ref));
    if (request === undefined) throw new Unavailable("the log does not hold this key's question any more");
    return sameOrConflict(request, draft);
  }

  #event(draft: Draft, prompt: Prompt, recipients: readonly Recipient[]): CreatedEvent {
    const { defaultTimeoutSeconds, minTimeoutSeconds, maxTimeoutSeconds } = this.#parts.settings;
    const timeout = draft.submission.timeout_seconds ?? defaultTimeoutSeconds;
    const timeoutSeconds = clamp(timeout, minTimeoutSeconds, maxTimeoutSeconds);
    const { metadata } = draft.submission;
    return createdEvent({ ...draft, prompt, recipients, metadata, timeoutSeconds }, this.#parts.now());
  }

  async #append(draft: Draft, event: CreatedEvent): Promise<SubmitOutcome> {
    const result = await this.#submitTwice(event);
    if (result === undefined) return logIsFull();
    const { created } = result;
    if (result.kind === "exists") return this.#logged(draft);
    this.#parts.logger.debug(requestFields(created.event), "accepted");
    this.#parts.metrics.accepted.inc({ request_type: created.event.data.prompt.kind });
    const request = requestDetailsOf({ created });
    if (request === undefined) throw new TypeError("a created event without a view");
    return sameOrConflict(request, draft);
  }

  /** Tries once more after an unknown outcome: the event's id makes that safe. Undefined: the log is full. */
  async #submitTwice(event: CreatedEvent): Promise<SubmitResult | undefined> {
    const { requests } = this.#parts;
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
  readonly fingerprint: string;
  readonly traceparent?: string | undefined;
}

function draftOf(submission: Submission, { principal, clientName, traceparent }: Submitting): Draft {
  const sessionId = submission.session_id ?? "default";
  const clientId = submission.client_id ?? labelOf(clientName) ?? "agent";
  const { tenant } = principal;
  const key = submission.idempotency_key;
  const id = key === undefined ? newRequestId() : keyedRequestId({ tenant, clientId, sessionId, key });
  return {
    submission,
    ref: { tenant, id },
    sessionId,
    clientId,
    fingerprint: fingerprintOf(submission),
    traceparent,
  };
}

/** A client's name as a client id, cut to the maximum length. */
function labelOf(name: string | undefined): string | undefined {
  return name === undefined || name === ""
    ? undefined
    : Array.from(name.slice(0, 256)).slice(0, 128).join("");
}

/** Checked even for an event with this very id: two gateways may use one key in the same millisecond. */
function sameOrConflict(request: RequestDetails, { fingerprint }: Draft): SubmitOutcome {
  if (request.fingerprint === fingerprint) return { kind: "accepted", request };
  return toolError(
    "idempotency_conflict",
    "This idempotency_key belongs to a request with other arguments: use a new key for a new question.",
  );
}

const logIsFull = (): ToolFailure =>
  toolError(
    "unavailable",
    "The log is full, and its reserve is for decisions, so nothing was asked: tell the operator, and call again later.",
  );
