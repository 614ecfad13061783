import type { Seen } from "@loopgate/notifier";
import { type Finding, problem, warning } from "./finding.ts";

/** A look at Telegram that was not answered as hoped. */
export type Unanswered = Exclude<Seen<never>, { readonly kind: "answered" }>;

export const SILENCE = "Telegram does not answer in time: check the network, DNS and TELEGRAM_API_ROOT";

const tlsFailure = /CERT|SIGNED|SIGNATURE|TLS|SSL|EPROTO/;

/** Why Telegram did not answer, whatever it was asked. */
export function unanswered(seen: Unanswered, apiRoot: string | undefined): Finding {
  switch (seen.kind) {
    case "unreachable":
      return problem(unreachable(seen.why));
    case "unauthorized":
      return problem(
        apiRoot === undefined
          ? "Telegram refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather"
          : "the server of TELEGRAM_API_ROOT refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather, and see whether it is a Bot API server",
      );
    case "throttled":
      return warning(`Telegram wants no calls for ${Math.ceil(seen.retryInMs / 1_000)} s: look again then`);
    case "moved":
      return warning(`the group has become a supergroup with the id ${seen.chat}: name that one`);
    case "permanent":
      return problem(`Telegram refuses (${seen.reason}): see whether the bot may do this`);
  }
}

function unreachable(why: string): string {
  if (tlsFailure.test(why)) {
    return `TLS with Telegram fails (${why}): name in NODE_EXTRA_CA_CERTS the authority of what stands between, or see that TELEGRAM_API_ROOT has TLS`;
  }
  const what = why === "unknown" ? "no usable answer" : why;
  return `Telegram can't be reached (${what}): check the network, DNS, what stands between, and TELEGRAM_API_ROOT`;
}
