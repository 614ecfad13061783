import type { RequestResource } from "@loopgate/contracts/v1/request";
import { createParser } from "eventsource-parser";

/** `lost` keeps since when, in milliseconds since 1970. */
export type LiveState =
  | { readonly kind: "connecting" | "live" }
  | { readonly kind: "lost"; readonly since: number };

export interface LiveOptions {
  readonly open: (
    lastId: string | undefined,
    signal: AbortSignal,
  ) => Promise<ReadableStream<Uint8Array> | undefined>;
  readonly onRequest: (request: RequestResource) => void;
  /** The stream can't tell what happened since `lastId`: everything has to be read again. */
  readonly onReset: () => void;
  readonly onState: (state: LiveState) => void;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The server sends something at least every 15 s. Longer silence is a dead connection. */
const SILENCE_MS = 40_000;
const RETRY_MS = { first: 1_000, most: 15_000 } as const;

/**
 * Follows the events in one tab for all tabs of this browser, which opens only six connections to a server. The other
 * tabs hear them by broadcast, and one of them takes over when that tab closes.
 */
export async function followInOneTab(options: LiveOptions, signal: AbortSignal): Promise<void> {
  const channel = new BroadcastChannel("loopgate-live");
  const tell = (told: Broadcast) => channel.postMessage(told);
  let state: LiveState = { kind: "connecting" };
  let leads = false;
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.kind === "newcomer") return leads ? tell({ kind: "state", state }) : undefined;
    if (leads) return undefined;
    if (data.kind === "request") return options.onRequest(data.request);
    if (data.kind === "reset") return options.onReset();
    // What was told before this tab listened has to be read.
    if (data.state.kind === "live" && state.kind !== "live") options.onReset();
    state = data.state;
    return options.onState(state);
  };
  const leading: LiveOptions = {
    ...options,
    onRequest: (request) => {
      options.onRequest(request);
      tell({ kind: "request", request });
    },
    onReset: () => {
      options.onReset();
      tell({ kind: "reset" });
    },
    onState: (next) => {
      state = next;
      options.onState(state);
      tell({ kind: "state", state });
    },
  };
  tell({ kind: "newcomer" });
  const lead = () => {
    leads = true;
    return follow(leading, signal);
  };
  await navigator.locks.request("loopgate-live", { signal }, lead).catch(() => undefined);
  channel.close();
}

/** Follows the events of the server until `signal` aborts, and opens the stream again wherever it ended. */
export async function follow(options: LiveOptions, signal: AbortSignal): Promise<void> {
  const { onState, now, sleep } = options;
  const reader = new EventReader(options);
  let retryMs: number = RETRY_MS.first;
  let lostSince: number | undefined;
  onState({ kind: "connecting" });
  while (!signal.aborted) {
    if (await reader.readOnce(signal)) {
      retryMs = RETRY_MS.first;
      lostSince = undefined;
    }
    lostSince ??= now();
    onState({ kind: "lost", since: lostSince });
    await sleep(retryMs, signal);
    retryMs = Math.min(retryMs * 2, RETRY_MS.most);
  }
}

class EventReader {
  readonly #options: LiveOptions;
  #lastId: string | undefined;
  #isReady = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Reads one stream to its end; true if it had told everything that was missed. */
  async readOnce(signal: AbortSignal): Promise<boolean> {
    this.#isReady = false;
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    let timer = setTimeout(() => connection.abort(), SILENCE_MS);
    try {
      const stream = await this.#options.open(this.#lastId, either);
      const reader = stream?.getReader();
      const decoder = new TextDecoder();
      const parser = createParser({ onEvent: (event) => this.#take(event) });
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => connection.abort(), SILENCE_MS);
        parser.feed(decoder.decode(part.value, { stream: true }));
      }
    } catch {
      // The connection broke: the caller opens another one.
    } finally {
      clearTimeout(timer);
    }
    return this.#isReady;
  }

  #take({
    id,
    event,
    data,
  }: {
    readonly id?: string | undefined;
    readonly event?: string | undefined;
    readonly data: string;
  }): void {
    const { onState, onReset, onRequest } = this.#options;
    if (event === "reset") onReset();
    // Without an earlier id, nothing says what was missed before this stream.
    if (event === "ready" && this.#lastId === undefined) onReset();
    if (id !== undefined) this.#lastId = id;
    if (event === "ready") {
      this.#isReady = true;
      onState({ kind: "live" });
    }
    if (event?.startsWith("request.") === true) {
      const told: Told = JSON.parse(data);
      onRequest(told.data.request);
    }
  }
}

/** The data of an event about a request. */
interface Told {
  readonly data: { readonly request: RequestResource };
}

/** What one tab tells the others. */
type Broadcast =
  | { readonly kind: "request"; readonly request: RequestResource }
  | { readonly kind: "state"; readonly state: LiveState }
  | { readonly kind: "reset" }
  | { readonly kind: "newcomer" };
