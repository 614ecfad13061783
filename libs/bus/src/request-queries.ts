import type {
  CancelCommand,
  CancelReply,
  ListQuery,
  ListReply,
  StatusQuery,
  StatusReply,
} from "@loopgate/contracts";

/** What `state` answers. Every method throws `Unavailable`, at once when nobody serves. */
export interface RequestQueries {
  /** `not_found` only when the store and the log both answered and neither knows the id. */
  status(query: StatusQuery): Promise<StatusReply>;

  /** Pending requests, oldest first. A request may appear a moment after it was accepted. */
  list(query: ListQuery): Promise<ListReply>;

  /** Withdraws the question; a decision that stands already wins. */
  cancel(command: CancelCommand): Promise<CancelReply>;
}
