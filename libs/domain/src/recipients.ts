import type { Recipient, Session } from "@loopgate/contracts";

/** A recipient, or why there is none. */
export type RecipientResult =
  | { readonly kind: "recipient"; readonly recipient: Recipient }
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
  defaultRecipient(): RecipientResult;

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

  /** True if every address may be registered, because the settings name none. */
  readonly isOpen: boolean;

  /** What the operator's settings are called, for messages that name the next step. */
  readonly settingNames: {
    readonly account: string;
    readonly defaultRecipient: string;
    readonly allowedRecipients: string;
    readonly responders: string;
  };
}
