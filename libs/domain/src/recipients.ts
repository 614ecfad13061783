import type { Recipient, Session } from "@loopgate/contracts";

/** A recipient, or why there is none. */
export type RecipientResult = { readonly kind: "recipient"; readonly recipient: Recipient } | NoRecipient;

/** At least one recipient, or why there is none. */
export type RecipientsResult =
  | { readonly kind: "recipients"; readonly recipients: readonly Recipient[] }
  | NoRecipient;

export type NoRecipient =
  /** The channel has no account that could ask. */
  | { readonly kind: "no_account" }
  /** The settings have no default recipient. */
  | { readonly kind: "no_default" }
  | { readonly kind: "not_allowed" }
  /** Several people read there, and neither the registration nor the settings name responders. */
  | { readonly kind: "no_responders" };

/**
 * What an operator's settings allow at one channel. A channel implements it; to everything else an endpoint is an opaque
 * name. The answers follow the settings as they are now: an endpoint that was allowed once may not be any more (I5).
 */
export interface RecipientPolicy {
  /** Asked when a session names no recipient. */
  defaultRecipients(): RecipientsResult;

  /** The recipient at an address, as a registration names it: the part of an endpoint that a person would write. */
  recipientAt(address: string, responderIds: readonly string[]): RecipientResult;

  /** True if the operator lets this endpoint be asked. */
  allows(endpoint: string): boolean;

  /**
   * True if this principal may answer at a place that all of `endpoints` name: the operator allows one of them, and names
   * the principal by settings or by the session's present registration.
   */
  mayAnswer(endpoints: readonly string[], principal: string, session: Session | undefined): boolean;

  /** The part of an endpoint that stays the same under another account of the channel. */
  addressOf(endpoint: string): string;

  /** True if every address may be registered: the channel has an account, and the settings name no address. */
  readonly isOpen: boolean;

  /** What the operator's settings are called, for messages that name the next step. */
  readonly settingNames: {
    readonly account: string;
    readonly defaultRecipient: string;
    readonly allowedRecipients: string;
    readonly responders: string;
  };
}

/**
 * What either policy allows. By default the recipients of both are asked. Registrations name addresses of the first, and
 * messages to the operator its settings.
 */
export const eitherPolicy = (first: RecipientPolicy, second: RecipientPolicy): RecipientPolicy => ({
  defaultRecipients: () => {
    const result = first.defaultRecipients();
    const further = second.defaultRecipients();
    if (further.kind !== "recipients") return result;
    if (result.kind !== "recipients") return further;
    return { kind: "recipients", recipients: [...result.recipients, ...further.recipients] };
  },
  recipientAt: (address, responderIds) => first.recipientAt(address, responderIds),
  allows: (endpoint) => first.allows(endpoint) || second.allows(endpoint),
  mayAnswer: (endpoints, principal, session) =>
    first.mayAnswer(endpoints, principal, session) || second.mayAnswer(endpoints, principal, session),
  addressOf: (endpoint) => first.addressOf(endpoint),
  get isOpen() {
    return first.isOpen;
  },
  settingNames: first.settingNames,
});
