import { isDeepStrictEqual } from "node:util";
import type { Bucket } from "@loopgate/bus";
import { type NamedRecipient, type Recipient, Session, sessionKey, timestamp } from "@loopgate/contracts";
import type { NoRecipient, RecipientPolicy } from "@loopgate/domain";
import { apiError, type ApiFailure, type ArgumentProblem, invalidArguments } from "@loopgate/rest";

export interface SessionRef {
  readonly tenant: string;
  readonly id: string;
}

export interface Registration {
  readonly clientId: string;
  readonly recipients: readonly RegisteredRecipient[];
}

export interface RegisteredRecipient extends NamedRecipient {
  /** Of the recipient's channel. Default: the gateway's own. */
  readonly policy?: RecipientPolicy;
  /** The arguments that name the place and the responders, for messages. */
  readonly at: { readonly place: Path; readonly responders: Path };
}

export interface Registered {
  readonly kind: "registered";
  readonly session: Session;
  /** False for a session that was registered before. */
  readonly isNew: boolean;
}

type Path = ArgumentProblem["path"];

/**
 * The routes from sessions to recipients (docs/interface.md#sessions-and-recipients). All methods throw `Unavailable`
 * if the bucket does not answer.
 */
export class SessionRegistry {
  readonly #bucket: Bucket;
  readonly #policy: RecipientPolicy;
  readonly #takesAnswers: (endpoint: string) => Promise<boolean>;

  constructor(
    bucket: Bucket,
    policy: RecipientPolicy,
    takesAnswers: (endpoint: string) => Promise<boolean> = async () => true,
  ) {
    this.#bucket = bucket;
    this.#policy = policy;
    this.#takesAnswers = takesAnswers;
  }

  get policy(): RecipientPolicy {
    return this.#policy;
  }

  async get(ref: SessionRef): Promise<Session | undefined> {
    return (await this.#read(ref))?.session;
  }

  /** Creates the session, or activates it again if it exists and is the same. */
  async register(
    ref: SessionRef,
    { clientId, recipients: named }: Registration,
  ): Promise<Registered | ApiFailure> {
    const checked = await Promise.all(named.map((one) => this.#check(one)));
    const refused = checked.find((one) => one.kind === "error");
    if (refused !== undefined) return refused;
    const wanted: Session = {
      session_id: ref.id,
      client_id: clientId,
      recipients: checked.flatMap((one) => (one.kind === "recipient" ? [one.recipient] : [])),
      active: true,
      created_at: timestamp(),
    };
    for (;;) {
      const stored = await this.#read(ref);
      if (stored !== undefined && !isSame(this.#policy, stored.session, wanted)) return conflict();
      const session = stored === undefined ? wanted : { ...wanted, created_at: stored.session.created_at };
      if (await this.#write(ref, session, stored?.revision)) {
        return { kind: "registered", session, isNew: stored === undefined };
      }
    }
  }

  /** False for a session that was never registered. */
  async deactivate(ref: SessionRef): Promise<boolean> {
    for (;;) {
      const stored = await this.#read(ref);
      if (stored === undefined) return false;
      if (await this.#write(ref, { ...stored.session, active: false }, stored.revision)) return true;
    }
  }

  /** The session's recipients that `policy` still allows; the default recipient if the session is not registered. */
  async recipientsOf(
    ref: SessionRef,
    policy: RecipientPolicy = this.#policy,
  ): Promise<{ readonly kind: "recipients"; readonly recipients: readonly Recipient[] } | ApiFailure> {
    const session = await this.get(ref);
    if (session === undefined) return defaultRecipients(policy);
    if (!session.active) return inactive();
    const recipients = session.recipients.filter(({ endpoint }) => policy.allows(endpoint));
    return recipients.length === 0 ? noLongerAllowed(policy) : { kind: "recipients", recipients };
  }

  /** The recipient, if the operator allows it and people can answer there. */
  async #check({ policy = this.#policy, address, responderIds, at }: RegisteredRecipient) {
    const result = policy.recipientAt(address, responderIds);
    if (result.kind !== "recipient") return recipientError(result.kind, policy, at.responders);
    return (await this.#takesAnswers(result.recipient.endpoint)) ? result : noAnswersThere(at.place);
  }

  async #read({ tenant, id }: SessionRef) {
    const stored = await this.#bucket.get(sessionKey(tenant, id));
    if (stored === undefined) return undefined;
    return { session: Session.parse(JSON.parse(stored.value)), revision: stored.revision };
  }

  /** False if another process has written since. */
  async #write({ tenant, id }: SessionRef, session: Session, revision: number | undefined): Promise<boolean> {
    const key = sessionKey(tenant, id);
    const value = JSON.stringify(session);
    const written =
      revision === undefined
        ? await this.#bucket.create(key, value)
        : await this.#bucket.update(key, value, revision);
    return written !== undefined;
  }
}

function defaultRecipients(policy: RecipientPolicy) {
  const result = policy.defaultRecipients();
  return result.kind === "recipients"
    ? result
    : recipientError(result.kind === "no_account" ? "no_account" : "no_default", policy);
}

/** The same client, addresses and responders. The account that asks there may have changed. */
function isSame(policy: RecipientPolicy, stored: Session, wanted: Session): boolean {
  const routeOf = ({ recipients }: Session) =>
    recipients.map(({ endpoint, responders }) => [policy.addressOf(endpoint), responders.toSorted()]);
  return stored.client_id === wanted.client_id && isDeepStrictEqual(routeOf(stored), routeOf(wanted));
}

const noAnswersThere = (path: Path): ApiFailure =>
  invalidArguments([
    {
      path,
      detail:
        "people cannot answer there, because it is a broadcast channel: register a group, such as the channel's discussion group",
    },
  ]);

const conflict = (): ApiFailure =>
  apiError(
    "session_conflict",
    "This session is registered with another client, recipient or responders: register another session_id.",
  );

const inactive = (): ApiFailure =>
  apiError("session_inactive", "This session is deactivated: register it again, or use another session_id.");

const noLongerAllowed = ({ settingNames }: RecipientPolicy): ApiFailure =>
  apiError(
    "no_recipient",
    `The settings no longer allow this session's recipient: register the session again, or ask the operator to add the recipient to ${settingNames.allowedRecipients}.`,
  );

function recipientError(
  kind: NoRecipient["kind"],
  { settingNames }: RecipientPolicy,
  path: Path = [],
): ApiFailure {
  switch (kind) {
    case "no_account":
      return apiError(
        "no_recipient",
        `Loopgate has no channel to reach people: the operator sets ${settingNames.account} and ${settingNames.defaultRecipient} and restarts it.`,
      );
    case "no_default":
      return apiError(
        "no_recipient",
        `This session has no recipient: register it with PUT /v1/sessions/<session_id>, or the operator sets ${settingNames.defaultRecipient} and restarts Loopgate.`,
      );
    case "not_allowed":
      return apiError(
        "recipient_not_allowed",
        `The settings do not allow this recipient: the operator adds it to ${settingNames.allowedRecipients}.`,
      );
    case "no_responders":
      return invalidArguments([
        {
          path,
          detail: `several people read at this recipient, so the ids of those who may answer are required, here or in ${settingNames.responders}`,
        },
      ]);
  }
}
