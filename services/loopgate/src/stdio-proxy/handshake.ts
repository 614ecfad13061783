import { createHash } from "node:crypto";
import manifest from "../../package.json" with { type: "json" };
import { type Environment, tokenOf, valueOf } from "./environment.ts";

/** The first line to the daemon, of a front, of a `serve` that wants the data directory, or of a `doctor` that only looks. */
export interface Handshake {
  readonly loopgate: 1;
  readonly as: "front" | "serve" | "doctor";
  readonly version: string;
  /** Of the bot's token and API server: it tells others apart and tells nothing about them. */
  readonly identity: string;
  /** The variables that say whom this front asks, and who may answer. */
  readonly recipients: Readonly<Record<string, string>>;
  /** True for a front that had a daemon before: it takes the one that it finds. */
  readonly again: boolean;
}

/** What the daemon says to it. Silence and a closed connection: come again, to another daemon. */
export type HandshakeReply = { readonly ready: true } | { readonly refused: string };

const RECIPIENTS = ["TELEGRAM_CHAT_ID", "TELEGRAM_RESPONDER_IDS", "TELEGRAM_ALLOWED_CHATS"];

export function handshakeOf(environment: Environment, as: Handshake["as"]): Handshake {
  const token = tokenOf(environment) ?? valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  const bot = [token, valueOf(environment, "TELEGRAM_API_ROOT")];
  return {
    loopgate: 1,
    as,
    version: manifest.version,
    identity: createHash("sha256").update(JSON.stringify(bot)).digest("hex"),
    recipients: Object.fromEntries(
      RECIPIENTS.flatMap((name) => {
        const value = valueOf(environment, name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    again: false,
  };
}
