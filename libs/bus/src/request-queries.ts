import type {
  CancelCommand,
  CancelReply,
  CountReply,
  ListQuery,
  ListReply,
  RequestFilter,
  StatusQuery,
  StatusReply,
  TimelineReply,
} from "@loopgate/contracts";

/**
 * The queries that the `state` service answers. Every method throws `Unavailable` if it gets no answer; it does not wait
 * when no `state` process is running.
 */
export interface RequestQueries {
  /** Replies `not_found` only if the store and the log have both answered and neither knows the id. */
  status(query: StatusQuery): Promise<StatusReply>;

  /** What happened to a request. Replies `not_found` as `status` does. */
  timeline(query: StatusQuery): Promise<TimelineReply>;

  /** A page of requests. A change may take a moment to show. */
  list(query: ListQuery): Promise<ListReply>;

  /** How many requests the filter finds. */
  count(filter: RequestFilter): Promise<CountReply>;

  /** Withdraws the question. If the request is already decided, that decision stays and is reported. */
  cancel(command: CancelCommand): Promise<CancelReply>;
}
