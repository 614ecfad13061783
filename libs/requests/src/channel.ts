import type { CreatedEvent, DecidedEvent, RequestDetails, RequestRef } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import type { AnswerOutcome } from "./answer-recorder.ts";

/**
 * A way to reach people, for one account at its provider. A channel owns its endpoints: to
 * everything else they are opaque names. It never decides; it shows questions and brings what people sent.
 */
export interface Channel {
  /** The name that recipients and subjects use: letters, digits, `_` and `-`. */
  readonly name: string;
  /** The account at the provider; unique within the channel. */
  readonly account: string;
  /** Whose requests this account serves. */
  readonly tenant: string;

  /** True for an endpoint of this account. */
  owns(endpoint: string): boolean;

  /** The place of an endpoint, itself named as an endpoint. Ids of copies are unique within a place. */
  placeOf(endpoint: string): string;

  /** All endpoints that name the same place as this one: a place may have moved. @throws Unavailable */
  aliasesOf(endpoint: string): Promise<readonly string[]>;

  /** Where an endpoint's messages go now. @throws Unavailable */
  presentEndpoint(endpoint: string): Promise<string>;

  /** Interprets an update that the channel stored in the log unchanged; undefined for one that needs no reaction. */
  read(update: unknown, storedAt: string): Incoming | undefined;

  /**
   * All names of a place, if this update says that the place can take messages again or has a new name. Undefined for
   * any other update. @throws Unavailable
   */
  reopenedPlaces(update: unknown): Promise<readonly string[] | undefined>;

  /** Opens a sender. With a lease, it makes no call once the lease is lost; without one, it works on any replica. */
  openSender(lease?: HeldLease): Promise<ChannelSender>;

  /** Fetches what people send, or makes the provider deliver it, while the lease is held. */
  startReceiver(lease: HeldLease): Receiver;

  /** Accepts what the provider delivers to this replica. Stores it in the log as received before confirming it. */
  startIntake(): Promise<AsyncDisposable>;

  /** Rejects while the provider does not answer for this account. */
  checkContact(): Promise<void>;
}

/** Calls that change what people see. One send is in flight for each place; a failed call is never repeated by the sender. */
export interface ChannelSender extends AsyncDisposable {
  /** Sends a question. Awaits `record`, which stores the copy, before the next message goes to that place. */
  sendQuestion(
    created: CreatedEvent,
    endpoint: string,
    record: (copy: Copy) => Promise<void>,
  ): Promise<CallResult<Copy>>;

  /** Sends what did not fit into the question's message, if anything. */
  sendRest(copy: Copy, created: CreatedEvent): Promise<CallResult<unknown>>;

  /** Makes a copy show the decision and take no more answers. A copy that shows it already is closed. */
  closeCopy(copy: Copy, created: CreatedEvent, decided: DecidedEvent): Promise<CallResult<void>>;

  /** Tells a place that the channel was offline, and which questions are open there. */
  sendOutageNotice(endpoint: string, outage: Outage): Promise<CallResult<unknown>>;

  /** When to try again if `ahead` sends come first at this place, in milliseconds. */
  retryHintMs(endpoint: string, ahead: number): number;
}

/** Times are RFC 3339 UTC with milliseconds. */
export interface Outage {
  readonly from: string;
  readonly to: string;
  readonly questions: readonly RequestDetails[];
}

export type CallResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: CallFailure };

/** What a failed call means for its caller. */
export type CallFailure =
  /** Nothing was done: try again after this time. */
  | { readonly kind: "throttled"; readonly retryInMs: number }
  /** Try again; the call may have been carried out all the same. */
  | { readonly kind: "transient" }
  /** The account does not work: keep everything until an operator has fixed it. */
  | { readonly kind: "unauthorized" }
  /** The call can never succeed; `reason` is Loopgate's word for why. */
  | { readonly kind: "permanent"; readonly reason: string };

/** Something that a person sent. */
export type Incoming = AnswerMessage | ContinuationMessage | OtherMessage | UnreadableMessage;

interface Message {
  /** Identity of the message, for log lines. */
  readonly key: string;
  /** Tells the person, best effort: the decision holds without it. */
  tell(notice: Notice): Promise<void>;
}

/** A person tries to answer a question. */
export interface AnswerMessage extends Message {
  readonly kind: "answer";
  /** The place of the message. */
  readonly endpoint: string;
  /** The copy that was answered. */
  readonly copy: string;
  /** The principal that the channel proved. */
  readonly responder: string;
  readonly name: string;
  readonly storedAt: string;
  /**
   * A button names its question. Typed text is matched by the copy that it replies to, unless the
   * channel knows its question. A button that was shown with a comment names the comment, too: by
   * the `key` of its message.
   */
  readonly choice:
    | {
        readonly request: RequestRef & { readonly tag: string };
        readonly option: number;
        readonly comment?: string | undefined;
      }
    | {
        readonly text: string;
        readonly request?: (RequestRef & { readonly tag: string }) | undefined;
        /** True if the text may go on in a further message. */
        readonly mayContinue?: boolean | undefined;
      };
}

/** A further part of a text that a person sent as several messages. */
export interface ContinuationMessage extends Message {
  readonly kind: "continuation";
  /** The `key` of the message that it continues. */
  readonly of: string;
  readonly text: string;
  readonly mayContinue: boolean;
  readonly storedAt: string;
}

/** Anything else that deserves a reply, such as a command. */
interface OtherMessage extends Message {
  readonly kind: "other";
  respond(): Promise<void>;
}

/** A message of an unknown shape: an operator should look at it. */
interface UnreadableMessage extends Message {
  readonly kind: "unreadable";
}

/** What a person is told about an answer. */
export type Notice =
  | Exclude<AnswerOutcome, { readonly kind: "wait" | "rejected" }>
  | {
      readonly kind: "rejected";
      readonly reason: RejectionReason;
      readonly created?: CreatedEvent;
      /** Text that was kept: a channel can show the buttons of `created` again, to decide with it. */
      readonly comment?: string;
    }
  /** The log does not answer; the attempt is repeated until it does, unless this process ends first. */
  | { readonly kind: "not_saved" }
  /** No further attempt is made; an earlier one may have been committed. */
  | { readonly kind: "not_handled" };

export type RejectionReason =
  | Extract<AnswerOutcome, { readonly kind: "rejected" }>["reason"]
  /** No question is known behind the message. */
  | "unknown_message"
  /** The comment that a button names was never kept, or no longer is. */
  | "unknown_comment"
  /** Another person made the comment that a button names. */
  | "comment_of_another";

/** A lease that this process holds until {@link HeldLease.signal} aborts. */
export interface HeldLease {
  readonly signal: AbortSignal;
  /** Ask right before each call that only the holder may make. */
  isHeld(): boolean;
}

/** Receives what people send, until it is disposed of. */
export interface Receiver extends AsyncDisposable {
  /** Resolves while it works; rejects with the reason why it does not, in words for an operator. */
  check(): Promise<void>;
}
