import { singleFlight } from "@loopgate/async";
import { LOGIN_PATIENCE_MS, LoginRefused, type StartupError } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import { botIdOf, readBotToken } from "@loopgate/settings/telegram";
import type { ApiError } from "@grammyjs/types";
import type { Transformer } from "grammy";

export interface BotTokenOptions {
  readonly token: string;
  /** Where the token comes from: it is read again when Telegram refuses it. */
  readonly tokenFile?: string | undefined;
  readonly logger: Logger;
  /**
   * Is called when this bot's calls can't go on: its file holds another bot's token, or Telegram has refused the token for
   * `patienceMs`, in milliseconds (default: a minute). Absent: the process goes on, and `refusal` says why its calls fail.
   */
  readonly onRefused?: ((reason: StartupError) => void) | undefined;
  readonly patienceMs?: number | undefined;
}

/** The file is read at most this often, in milliseconds. */
const READ_EVERY_MS = 200;

/** What the file holds after a refusal; the sentence says it to an operator. */
type Found =
  | { readonly kind: "new_token"; readonly token: string }
  | { readonly kind: "other_bot" | "nothing_new"; readonly sentence: string };

/** The token of a bot. Once Telegram refuses it, a new token of the same bot is used without a restart. */
export class BotToken {
  readonly #options: BotTokenOptions;
  readonly #readFile: () => Promise<Found>;
  #current: string;
  #refusedSince: number | undefined;
  #refusal: string | undefined;

  constructor(options: BotTokenOptions) {
    this.#options = options;
    this.#current = options.token;
    this.#readFile = singleFlight(READ_EVERY_MS, () => this.#look());
  }

  get current(): string {
    return this.#current;
  }

  /** Why Telegram's calls fail now, in words for an operator; undefined while Telegram accepts the token. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  accepted(): void {
    if (this.#refusal !== undefined) this.#options.logger.info("Telegram accepts the bot token again");
    this.#refusal = undefined;
    this.#refusedSince = undefined;
  }

  /** Telegram has refused `token`. Resolves with true if there is another one to try. */
  async refused(token: string): Promise<boolean> {
    this.#refusedSince ??= performance.now();
    const found = await this.#readFile();
    if (token !== this.#current) return true;
    if (found.kind === "new_token") {
      this.#current = found.token;
      this.#options.logger.info("Telegram refused the bot token: TELEGRAM_BOT_TOKEN_FILE has a new one");
      return true;
    }
    this.#report(found);
    return false;
  }

  #report({ kind, sentence }: Exclude<Found, { readonly kind: "new_token" }>): void {
    const { logger, onRefused, patienceMs = LOGIN_PATIENCE_MS } = this.#options;
    const refusal = `Telegram refuses the bot token${sentence}`;
    if (refusal !== this.#refusal) logger.error(refusal);
    this.#refusal = refusal;
    const refusedMs = performance.now() - (this.#refusedSince ?? Infinity);
    if (kind === "other_bot" || refusedMs >= patienceMs) onRefused?.(new LoginRefused(refusal));
  }

  async #look(): Promise<Found> {
    const { tokenFile } = this.#options;
    if (tokenFile === undefined) return nothingNew(": set a new TELEGRAM_BOT_TOKEN and restart");
    const read = await readBotToken(tokenFile);
    if (read.kind === "unusable") return nothingNew(`, and TELEGRAM_BOT_TOKEN_FILE ${read.problem}`);
    const token = read.value;
    if (token === this.#current)
      return nothingNew(": write a new one into the file that TELEGRAM_BOT_TOKEN_FILE names");
    if (botIdOf(token) === botIdOf(this.#current)) return { kind: "new_token", token };
    const sentence =
      ", and TELEGRAM_BOT_TOKEN_FILE names a file with the token of another bot: restart to use that bot";
    return { kind: "other_bot", sentence };
  }
}

const nothingNew = (sentence: string): Found => ({ kind: "nothing_new", sentence });

/** Repeats a call that Telegram refused because of its token, once there is another token: nothing was done before. */
export const withCurrentToken =
  (token: BotToken): Transformer =>
  async (call, method, payload, signal) => {
    for (;;) {
      const used = token.current;
      const answer = await call(method, payload, signal);
      if (answer.ok || !isRefusal(answer)) {
        // A failing server has not looked at the token.
        if (answer.ok || answer.error_code < 500) token.accepted();
        return answer;
      }
      if (!(await token.refused(used))) return answer;
    }
  };

const isRefusal = ({ error_code: code }: ApiError): boolean => code === 401 || code === 404;
