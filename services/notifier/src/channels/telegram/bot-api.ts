import { Api, HttpError, type Transformer } from "grammy";

export interface BotApiOptions {
  readonly token: string;
  /** Another Bot API server: `http(s)://host[:port]`, without a slash at its end. */
  readonly apiRoot?: string | undefined;
}

/** A send that takes longer has failed; grammY's default of 500 s would hold a chat up. */
const SEND_SECONDS = 15;
const POLL_SECONDS = 40;

/** Telegram's Bot API for sending and for polling: two clients, because their deadlines differ. */
export interface BotApi {
  readonly send: Api;
  readonly poll: Api;
}

export function createBotApi({ token, apiRoot }: BotApiOptions): BotApi {
  const client = (timeoutSeconds: number) => {
    const api = new Api(token, { timeoutSeconds, ...(apiRoot === undefined ? {} : { apiRoot }) });
    api.config.use(withoutSecrets);
    return api;
  };
  return { send: client(SEND_SECONDS), poll: client(POLL_SECONDS) };
}

/** The inner error of a failed call holds the URL with the token: whoever prints it, leaks it (I9). */
const withoutSecrets: Transformer = async (call, method, payload, signal) => {
  try {
    return await call(method, payload, signal);
  } catch (error) {
    if (error instanceof HttpError) throw new HttpError(`${method}: no usable answer`, codeOf(error.error));
    throw error;
  }
};

function codeOf(error: unknown): { code: string } {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return { code: typeof code === "string" ? code : "unknown" };
}
