import { Api, type ApiClientOptions, HttpError, type Transformer } from "grammy";
import { HttpsProxyAgent } from "https-proxy-agent";
import type { TelegramMetrics } from "../metrics.ts";
import { type BotToken, withCurrentToken } from "./bot-token.ts";
import { instrumentedCalls } from "./instrumented-calls.ts";

export interface BotApiOptions {
  readonly token: string;
  /** The file that the token comes from, if it comes from one. */
  readonly tokenFile?: string | undefined;
  /** Another Bot API server: `http(s)://host[:port]`, without a slash at its end. */
  readonly apiRoot?: string | undefined;
  /** The HTTP proxy that every call goes through. */
  readonly proxy?: URL | undefined;
  /** A call that takes longer has failed, in seconds. Default 15: grammY's default, 500, would block a chat. */
  readonly callSeconds?: number | undefined;
}

const CALL_SECONDS = 15;
const POLL_SECONDS = 40;

/** Telegram's Bot API for sending and for polling: two clients, because their deadlines differ. */
export interface BotApi {
  readonly send: Api;
  readonly poll: Api;
}

/** @param current the token that may be replaced while the process runs; absent: it stays as it is */
export function createBotApi(
  { token, apiRoot, proxy, callSeconds = CALL_SECONDS }: BotApiOptions,
  metrics?: TelegramMetrics,
  current?: BotToken,
): BotApi {
  const options = {
    ...(apiRoot === undefined ? {} : { apiRoot }),
    ...(proxy === undefined ? {} : { baseFetchConfig: throughProxy(proxy) }),
    ...(current === undefined ? {} : { buildUrl: addressWith(current) }),
  };
  const transformers = [
    withoutSecrets,
    ...(metrics === undefined ? [] : [instrumentedCalls(metrics)]),
    ...(current === undefined ? [] : [withCurrentToken(current)]),
  ];
  const client = (timeoutSeconds: number) => {
    const api = new Api(token, { timeoutSeconds, ...options });
    api.config.use(...transformers);
    return api;
  };
  return { send: client(callSeconds), poll: client(POLL_SECONDS) };
}

/** grammY keeps the token that it was made with. */
const addressWith =
  (token: BotToken): NonNullable<ApiClientOptions["buildUrl"]> =>
  (root, _, method) =>
    `${root}/bot${token.current}/${method}`;

const throughProxy = (proxy: URL): NonNullable<ApiClientOptions["baseFetchConfig"]> => ({
  agent: new HttpsProxyAgent(proxy, { keepAlive: true }),
});

type GrammySignal = NonNullable<Parameters<Api["getUpdates"]>[1]>;

const isGrammySignal = (signal: unknown): signal is GrammySignal => signal instanceof AbortSignal;

/**
 * grammY's types want the signal of a polyfill; at run time it accepts the platform's
 * (docs/invariants.md#telegram-client).
 */
export function grammySignal(signal: unknown): GrammySignal | undefined {
  return isGrammySignal(signal) ? signal : undefined;
}

/** Replaces the inner error of a failed call: it contains the URL with the token, and printing it would leak that (I9). */
const withoutSecrets: Transformer = async (call, method, payload, signal) => {
  try {
    return await call(method, payload, signal);
  } catch (error) {
    if (error instanceof HttpError) throw new HttpError(`${method}: no usable answer`, codeOf(error.error));
    throw error;
  }
};

/** The code of a network failure, if it has one. */
export function codeOf(error: unknown): { code: string } {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return { code: typeof code === "string" ? code : "unknown" };
}
