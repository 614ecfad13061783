import { isDeepStrictEqual } from "node:util";
import { DEFAULT_TENANT, type Recipient, Session, sessionKey, timestamp } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import { invalidArguments, refused, type Refused } from "../tool-error.ts";

export interface Registration {
  readonly sessionId: string;
  readonly clientId: string;
  /** Decimal; groups have a negative one. */
  readonly chat: string;
  /** Who may answer in a group. */
  readonly responderIds: readonly string[];
}

/** The routes from sessions to people (design 4.4). All methods throw `Unavailable` when the bucket does not answer. */
export class SessionRegistry {
  readonly #bucket: Bucket;
  readonly #policy: RecipientPolicy;

  constructor(bucket: Bucket, policy: RecipientPolicy) {
    this.#bucket = bucket;
    this.#policy = policy;
  }

  /** True if every chat may be registered: nobody named the ones that may. */
  get isOpen(): boolean {
    return this.#policy.isOpen;
  }

  async get(sessionId: string): Promise<Session | undefined> {
    return (await this.#read(sessionId))?.session;
  }

  /** Creates the session, or finds it as it is; one that was deactivated is active again. */
  async register(registration: Registration): Promise<{ readonly kind: "registered" } | Refused> {
    const { sessionId, clientId, chat, responderIds } = registration;
    const placed = this.#policy.recipientAt(chat, responderIds);
    if (placed.kind !== "recipient") return refusals[placed.kind]();
    const wanted: Session = {
      session_id: sessionId,
      client_id: clientId,
      recipients: [placed.recipient],
      active: true,
      created_at: timestamp(),
    };
    for (;;) {
      const standing = await this.#read(sessionId);
      if (standing !== undefined && !this.#isSame(standing.session, wanted)) return conflict();
      const session =
        standing === undefined ? wanted : { ...wanted, created_at: standing.session.created_at };
      if (await this.#write(session, standing?.revision)) return { kind: "registered" };
    }
  }

  /** False for a session that was never registered. */
  async deactivate(sessionId: string): Promise<boolean> {
    for (;;) {
      const standing = await this.#read(sessionId);
      if (standing === undefined) return false;
      if (await this.#write({ ...standing.session, active: false }, standing.revision)) return true;
    }
  }

  /** Who is asked in this session, as far as `policy` still allows it; its default chat if nobody registered it. */
  async recipientsOf(
    sessionId: string,
    policy: RecipientPolicy = this.#policy,
  ): Promise<{ readonly kind: "recipients"; readonly recipients: readonly Recipient[] } | Refused> {
    const session = await this.get(sessionId);
    if (session === undefined) return defaultRecipients(policy);
    if (!session.active) return inactive();
    const recipients = session.recipients.filter(({ endpoint }) => policy.allows(endpoint));
    return recipients.length === 0 ? registeredChatIsOut() : { kind: "recipients", recipients };
  }

  /** The same client, address and people; another account of the channel may serve the address since. */
  #isSame(standing: Session, wanted: Session): boolean {
    const { recipients } = standing;
    return (
      standing.client_id === wanted.client_id &&
      recipients.length === wanted.recipients.length &&
      wanted.recipients.every((one, index) => this.#isSameRecipient(one, recipients[index]))
    );
  }

  #isSameRecipient({ endpoint, responders }: Recipient, other: Recipient | undefined): boolean {
    return (
      other !== undefined &&
      this.#policy.isSameAddress(endpoint, other.endpoint) &&
      isDeepStrictEqual(responders.toSorted(), other.responders.toSorted())
    );
  }

  async #read(sessionId: string) {
    const stored = await this.#bucket.get(sessionKey(DEFAULT_TENANT, sessionId));
    if (stored === undefined) return undefined;
    return { session: Session.parse(JSON.parse(stored.value)), revision: stored.revision };
  }

  /** False if somebody else wrote meanwhile. */
  async #write(session: Session, revision: number | undefined): Promise<boolean> {
    const key = sessionKey(DEFAULT_TENANT, session.session_id);
    const value = JSON.stringify(session);
    const written =
      revision === undefined
        ? await this.#bucket.create(key, value)
        : await this.#bucket.update(key, value, revision);
    return written !== undefined;
  }
}

function defaultRecipients(policy: RecipientPolicy) {
  const placed = policy.defaultRecipient();
  if (placed.kind === "no_account") return refusals.no_account();
  return placed.kind === "recipient"
    ? ({ kind: "recipients", recipients: [placed.recipient] } as const)
    : refusals.no_default();
}

const conflict = (): Refused =>
  refused(
    "session_conflict",
    "This session is registered for another client, chat or people. Register another session_id.",
  );

const inactive = (): Refused =>
  refused("session_inactive", "This session is deactivated. Register it again, or use another session_id.");

const noBot = (): Refused =>
  refused(
    "no_recipient",
    "Nobody can be asked: Loopgate has no Telegram bot. Its operator sets TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID and starts it again.",
  );

const noDefaultChat = (): Refused =>
  refused(
    "no_recipient",
    "This session names nobody to ask. Register it with POST /hitl/register, or set TELEGRAM_CHAT_ID and start Loopgate again.",
  );

const registeredChatIsOut = (): Refused =>
  refused(
    "no_recipient",
    "The chat of this session is not allowed any more, or belongs to another bot. Register the session again, or ask the operator to allow its chat.",
  );

const refusals = {
  no_account: noBot,
  no_default: noDefaultChat,
  not_allowed: () =>
    refused(
      "recipient_not_allowed",
      "This chat is not among the allowed ones. Its operator adds it to TELEGRAM_ALLOWED_CHATS.",
    ),
  no_responders: () =>
    invalidArguments([
      "responder_ids: a group needs the ids of those who may answer, here or in TELEGRAM_RESPONDER_IDS",
    ]),
} as const;
