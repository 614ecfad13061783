import { isGroupChat } from "@loopgate/settings/telegram";
import type { Seen } from "@loopgate/notifier";
import { type Finding, problem, warning } from "./check.ts";

/** A call to Telegram that did not succeed. */
export type FailedCall = Exclude<Seen<never>, { readonly kind: "answered" }>;

/** How the calls travel: the Bot API server, if it is not Telegram's own, and the proxy in between, if any. */
export interface Route {
  readonly apiRoot: string | undefined;
  /** `host[:port]`, without its credentials. */
  readonly proxy: string | undefined;
}

export const TELEGRAM_TIMEOUT =
  "Telegram does not answer in time: check the network, DNS and TELEGRAM_API_ROOT";

const tlsFailure = /CERT|SIGNED|SIGNATURE|TLS|SSL|EPROTO/;

/** Why a call failed, whatever its method. */
export function callProblem(call: FailedCall, { apiRoot, proxy }: Route): Finding {
  switch (call.kind) {
    case "unreachable":
      return problem(unreachable(call.why, proxy));
    case "unauthorized":
      return problem(
        apiRoot === undefined
          ? "Telegram refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather"
          : "the server at TELEGRAM_API_ROOT refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather, and check that it is a Bot API server",
      );
    case "throttled":
      return warning(
        `Telegram accepts no calls for ${Math.ceil(call.retryInMs / 1_000)} s: run the doctor again then`,
      );
    case "moved":
      return warning(`the group has become a supergroup with the id ${call.chat}: configure that id`);
    case "permanent":
      return problem(`Telegram refuses (${call.reason}): check whether the bot may do this`);
  }
}

function unreachable(reason: string, proxy: string | undefined): string {
  if (tlsFailure.test(reason)) {
    return `TLS with Telegram fails (${reason}): if a proxy intercepts TLS, set NODE_EXTRA_CA_CERTS to its certificate authority; check that TELEGRAM_API_ROOT supports TLS`;
  }
  const what = reason === "unknown" ? "no usable answer" : reason;
  if (proxy !== undefined) {
    return `Telegram can't be reached through the proxy ${proxy} (${what}): check HTTPS_PROXY and NO_PROXY, and that the proxy permits Telegram`;
  }
  return `Telegram can't be reached (${what}): check the network, DNS, HTTPS_PROXY and TELEGRAM_API_ROOT`;
}

/** Why a chat can't be asked. */
export function chatProblem(chat: string, call: FailedCall, username: string, route: Route): Finding {
  if (call.kind !== "permanent") return callProblem(call, route);
  switch (call.reason) {
    case "chat_not_found":
    case "never_started":
      return problem(
        isGroupChat(chat)
          ? `Telegram knows no such chat: add @${username} to the group, or correct the id`
          : `Telegram knows no such chat of this bot: write any message to @${username} first, or correct the id`,
      );
    case "blocked":
      return problem(`the person has blocked the bot: unblock @${username} in Telegram`);
    case "user_deactivated":
      return problem("the person's account is deleted: configure another chat");
    case "topic_gone":
      return problem("Telegram knows no such topic there, or it is closed: reopen it, or correct the id");
    case "removed_from_chat":
      return problem(`the bot is not in the group: add @${username} to it`);
    default:
      return problem(
        `the bot may not write there (${call.reason}): give @${username} the right to send messages`,
      );
  }
}
