import type {
  ListQuery,
  ListReply,
  RequestDetails,
  RequestFilter,
  RequestRef,
  TimelineReply,
} from "@loopgate/contracts";
import type { ApiFailure } from "./api-error.ts";
import type { Caller } from "./caller.ts";

/** Who reads, and on which connection. */
export interface ReadContext {
  readonly caller: Caller;
  /** W3C trace context, unchecked. */
  readonly traceparent?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Aborted when the caller disconnects. Ends a wait, and nothing else (I6). */
  readonly signal: AbortSignal;
}

/** How the routes of `/v1` read. What a caller may see is decided by the routes. */
export interface RequestReader {
  /** Waits up to `waitSeconds` until the request is decided or can't be delivered. */
  find(
    id: string,
    waitSeconds: number,
    context: ReadContext,
  ): Promise<{ readonly kind: "request"; readonly request: RequestDetails } | ApiFailure>;

  timeline(ref: RequestRef, context: ReadContext): Promise<TimelineReply | ApiFailure>;

  list(query: ListQuery, context: ReadContext): Promise<ListReply | ApiFailure>;

  count(filter: RequestFilter, context: ReadContext): Promise<Counted | ApiFailure>;
}

/** How many requests there are: counted up to a limit, so not exact if there are more. */
interface Counted {
  readonly kind: "counted";
  readonly count: number;
  readonly is_exact: boolean;
}
