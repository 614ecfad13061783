import { createHash } from "node:crypto";
import { version } from "@loopgate/runtime/version";
import type { Environment } from "@loopgate/settings";
import { tokenOf, valueOf } from "../environment.ts";

/** The first line that a client sends to a daemon. Client and daemon may have different versions: this is a wire format. */
export interface Handshake {
  readonly loopgate: 1;
  /**
   * `front`: a stdio proxy. `serve`: a foreground process that wants the data directory. `doctor`: reads a report only.
   * `open`: wants a link into the inbox.
   */
  readonly as: "front" | "serve" | "doctor" | "open";
  readonly version: string;
  /** A hash of the bot token and the API server: it tells settings apart and discloses none of them. */
  readonly identity: string;
  /** The variables that set whom this client asks and who may answer. */
  readonly recipients: Readonly<Record<string, string>>;
  /** True for a stdio proxy that has lost its daemon: it accepts any daemon that serves the directory. */
  readonly again: boolean;
  /** A hash of the working directory: two projects of one user are two callers. Older stdio proxies send none. */
  readonly project?: string | undefined;
}

/** The daemon's reply. A connection that closes without one means: connect again, because another daemon takes over. */
export type HandshakeReply =
  | { readonly ready: true }
  | { readonly refused: string }
  /** A link that signs the owner in once. */
  | { readonly link: string };

const RECIPIENT_VARIABLES = ["TELEGRAM_CHAT_ID", "TELEGRAM_RESPONDER_IDS", "TELEGRAM_ALLOWED_CHATS"];

export function handshakeOf(environment: Environment, as: Handshake["as"]): Handshake {
  const token = tokenOf(environment) ?? valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  const bot = [token, valueOf(environment, "TELEGRAM_API_ROOT")];
  return {
    loopgate: 1,
    as,
    version,
    identity: createHash("sha256").update(JSON.stringify(bot)).digest("hex"),
    recipients: Object.fromEntries(
      RECIPIENT_VARIABLES.flatMap((name) => {
        const value = valueOf(environment, name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    again: false,
    project: createHash("sha256").update(process.cwd()).digest("base64url").slice(0, 22),
  };
}
