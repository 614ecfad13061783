import type { RequestDetails } from "@loopgate/contracts";
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

interface ListFilter {
  readonly session_id?: string | undefined;
  readonly client_id?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** How the routes of `/v1` read requests of the caller's tenant. */
export interface RequestReader {
  /** Waits up to `waitSeconds` until the request is decided or can't be delivered. */
  find(
    id: string,
    waitSeconds: number,
    context: ReadContext,
  ): Promise<{ readonly kind: "request"; readonly request: RequestDetails } | ApiFailure>;

  /** Pending requests, oldest first. */
  list(
    filter: ListFilter,
    context: ReadContext,
  ): Promise<
    | {
        readonly kind: "page";
        readonly requests: readonly RequestDetails[];
        readonly nextCursor?: string | undefined;
      }
    | ApiFailure
  >;
}
