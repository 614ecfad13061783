import type { Problem } from "@loopgate/contracts/v1/problem";
import type { RequestPage, RequestResource } from "@loopgate/contracts/v1/request";

export type Option = RequestResource["options"][number];
export type Effect = Option["effect"];
export type DecidedBy = NonNullable<RequestResource["decided_by"]>;

/** Who is signed in, as `GET /v1/me` tells. */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly principals: readonly string[];
}

/** Something that happened to a request, as `GET /v1/requests/{id}/timeline` tells. */
export interface TimelineEntry {
  readonly type: "created" | "delivered" | "undelivered" | "seen" | "decided";
  readonly at: string;
  readonly channel?: string;
  readonly by?: DecidedBy;
  readonly reason?: string;
}

/** What came back: `offline` if no answer did: the server may have acted all the same. */
export type Reply<Body> =
  | { readonly kind: "ok"; readonly status: number; readonly body: Body }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "offline" };

/** What a person answers; `tag` says which question was read. */
export interface AnswerBody {
  readonly option?: string;
  readonly text?: string;
  readonly comment?: string;
  readonly tag: string;
}

export interface ApiOptions {
  readonly fetch: typeof fetch;
  /** Proves to the server that this page asks, and not another that the browser sends our cookie to. */
  readonly pageKey: () => string | undefined;
  /** Called when the session has ended. */
  readonly onSignedOut: () => void;
}

interface CallOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** False: without the person's credentials. Default: true. */
  readonly isPerson?: boolean;
}

/** How long one call may take, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Calls `/v1` and `/auth` of the server that served the page. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  signIn(code: string): Promise<Reply<{ readonly page_key: string }>> {
    return this.#call("POST", "/auth/code", { body: { code } });
  }

  signOut(): Promise<Reply<unknown>> {
    return this.#call("POST", "/auth/logout", { body: {} });
  }

  signOutEverywhere(): Promise<Reply<unknown>> {
    return this.#call("POST", "/v1/me/sign-out-everywhere", { body: {} });
  }

  me(): Promise<Reply<Me>> {
    return this.#call("GET", "/v1/me");
  }

  list(filters: Readonly<Record<string, string>>): Promise<Reply<RequestPage>> {
    return this.#call("GET", `/v1/requests?${new URLSearchParams(filters)}`);
  }

  request(id: string): Promise<Reply<RequestResource>> {
    return this.#call("GET", pathOf(id));
  }

  timeline(id: string): Promise<Reply<{ readonly data: readonly TimelineEntry[] }>> {
    return this.#call("GET", `${pathOf(id)}/timeline`);
  }

  seen(id: string): Promise<Reply<unknown>> {
    return this.#call("PUT", `${pathOf(id)}/seen`, { body: {} });
  }

  /** The same `key` is the same answer, however often it is sent. */
  decide(id: string, answer: AnswerBody, key: string): Promise<Reply<RequestResource>> {
    return this.#call("POST", `${pathOf(id)}/decision`, {
      body: answer,
      headers: { "idempotency-key": key },
    });
  }

  /** Asks as an agent does that needs no key: a person's session can't ask. */
  ask(question: object): Promise<Reply<RequestResource>> {
    return this.#call("POST", "/v1/requests", { body: question, isPerson: false });
  }

  /** The stream of events, open until it ends or `signal` aborts it; undefined if it did not open. */
  async events(
    lastId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const headers = {
      accept: "text/event-stream",
      ...(lastId === undefined ? {} : { "last-event-id": lastId }),
    };
    const response = await this.#fetch("GET", "/v1/events", { headers, signal });
    if (response?.ok === true) return response.body ?? undefined;
    await response?.body?.cancel();
    return undefined;
  }

  async #call<Body>(method: string, path: string, options: CallOptions = {}): Promise<Reply<Body>> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await this.#fetch(method, path, { ...options, signal });
    if (response === undefined) return { kind: "offline" };
    const body = await response.json().catch(() => undefined);
    // The server's types are the contract: what it sends is not checked again here.
    if (response.ok) return { kind: "ok", status: response.status, body };
    return {
      kind: "problem",
      problem: { code: "unavailable", detail: "", ...body, status: response.status },
    };
  }

  async #fetch(
    method: string,
    path: string,
    { body, headers, signal, isPerson = true }: CallOptions,
  ): Promise<Response | undefined> {
    const { fetch, pageKey, onSignedOut } = this.#options;
    const key = isPerson ? pageKey() : undefined;
    const response = await fetch(path, {
      method,
      credentials: isPerson ? "same-origin" : "omit",
      cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "loopgate-page-key": key }),
        ...headers,
      },
    }).catch(() => undefined);
    if (response?.status === 401 && key !== undefined) onSignedOut();
    return response;
  }
}

const pathOf = (id: string): string => `/v1/requests/${encodeURIComponent(id)}`;
