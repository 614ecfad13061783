import type { CountReply, ListQuery, RequestDetails, RequestFilter } from "@loopgate/contracts";
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

/** How the routes of `/v1` read one request of the caller's tenant. */
export interface RequestFinder {
  /** Waits up to `waitSeconds` until the request is decided or can't be delivered. */
  find(
    id: string,
    waitSeconds: number,
    context: ReadContext,
  ): Promise<{ readonly kind: "request"; readonly request: RequestDetails } | ApiFailure>;
}

/** How the routes of `/v1` list requests of the caller's tenant. */
export interface RequestLister {
  /** `limit` is clamped. */
  list(
    query: Omit<ListQuery, "tenant" | "limit"> & { readonly limit?: number | undefined },
    context: ReadContext,
  ): Promise<
    | {
        readonly kind: "page";
        readonly requests: readonly RequestDetails[];
        readonly nextCursor?: string | undefined;
      }
    | ApiFailure
  >;

  count(filter: Omit<RequestFilter, "tenant">, context: ReadContext): Promise<CountReply>;
}
