import type { Session } from "@loopgate/contracts";
import { apiError, type ApiFailure, type KeyCaller, keyCallerOf } from "@loopgate/rest";
import type { Logger } from "@loopgate/runtime";
import { isLoopback } from "@loopgate/settings";
import type { FastifyRequest } from "fastify";
import type { Registered, Registration, SessionRegistry } from "./session-registry.ts";

/**
 * What callers may do with sessions, whatever the path; logs one line for each change. All methods throw `Unavailable` if
 * the bucket does not answer.
 */
export class SessionCalls {
  readonly #sessions: SessionRegistry;
  readonly #logger: Logger;

  constructor(sessions: SessionRegistry, logger: Logger) {
    this.#sessions = sessions;
    this.#logger = logger;
  }

  async get(
    { tenant }: KeyCaller,
    id: string,
  ): Promise<{ readonly kind: "session"; readonly session: Session } | ApiFailure> {
    const session = await this.#sessions.get({ tenant, id });
    return session === undefined ? noSuchSession() : { kind: "session", session };
  }

  /** Where the settings allow every recipient, only a key or a call from this machine may register one. */
  async register(
    request: FastifyRequest,
    id: string,
    registration: Registration,
  ): Promise<Registered | ApiFailure> {
    const { tenant, keyId } = keyCallerOf(request);
    const { isOpen, settingNames } = this.#sessions.policy;
    const isFromHere = isLoopback(request.ip.replace(/^::ffff:/, ""));
    if (isOpen && keyId === undefined && !isFromHere) return closedToNetwork(settingNames.allowedRecipients);
    const registered = await this.#sessions.register({ tenant, id }, registration);
    const outcome = registered.kind === "error" ? registered.error.code : registered.kind;
    this.#logger.info({ key: keyId, client: registration.clientId, outcome }, "register");
    return registered;
  }

  async deactivate(
    { tenant, keyId }: KeyCaller,
    id: string,
  ): Promise<{ readonly kind: "deactivated" } | ApiFailure> {
    const isKnown = await this.#sessions.deactivate({ tenant, id });
    this.#logger.info({ key: keyId, outcome: isKnown ? "deactivated" : "not_found" }, "deactivate");
    return isKnown ? { kind: "deactivated" } : noSuchSession();
  }
}

const noSuchSession = (): ApiFailure =>
  apiError("not_found", "No session has this id: PUT /v1/sessions/<session_id> registers it.");

const closedToNetwork = (setting: string): ApiFailure =>
  apiError(
    "recipient_not_allowed",
    `Callers from the network may only register recipients that the settings name: the operator sets ${setting}, or LOOPGATE_API_KEYS_FILE so that callers can use a key.`,
  );
