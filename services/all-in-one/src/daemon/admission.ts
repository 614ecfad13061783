import { isDeepStrictEqual } from "node:util";
import type { Gateway } from "@loopgate/gateway";
import { type HealthCheck, type Logger, StartRefused } from "@loopgate/runtime";
import { reportTo } from "./daemon-report.ts";
import type { Guest } from "./front-listener.ts";
import type { Introduction } from "../front/introduction.ts";
import type { KnownRecipients } from "./known-recipients.ts";
import { readRecipients } from "../settings.ts";

export interface AdmissionParts {
  /** How this process would introduce itself. As `serve` it stays, whoever comes. */
  readonly own: Introduction;
  readonly bot: { readonly id: string } | undefined;
  readonly gateway: Gateway;
  readonly known: KnownRecipients;
  /** What this process depends on, for a doctor. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  /** Makes this process finish, and another one serve the guest that is sent away. */
  readonly handOver: () => void;
}

/** Receives a guest: a front is served for its own recipients, unless another process should serve it. */
export const admissionOf =
  (parts: AdmissionParts) =>
  (guest: Guest): void => {
    if (guest.introduction.as === "doctor") return void report(parts, guest);
    const verdict = judge(guest.introduction, parts.own);
    if (verdict === "receive") return void serve(parts, guest);
    if (verdict === "hand_over") parts.handOver();
    else guest.answer(verdict);
    guest.stream.end();
  };

/** Refuses what has the same settings as this process, which could not start; others may fare better with their own. */
export const refusalOf =
  (own: Introduction, refused: string, told: () => void) =>
  (guest: Guest): void => {
    const settingsOf = ({ identity, recipients }: Introduction) => [identity, recipients];
    if (isDeepStrictEqual(settingsOf(guest.introduction), settingsOf(own))) {
      guest.answer({ refused });
      if (guest.introduction.as !== "doctor") told();
    }
    guest.stream.end();
  };

type Verdict = "receive" | "hand_over" | { readonly refused: string };

/** A newer version, another token or a foreground takes the place of a daemon, and nobody that of a foreground. */
export function judge(guest: Introduction, own: Introduction): Verdict {
  const hasOtherBot = guest.identity !== own.identity && !guest.again;
  const isForAnother = guest.as === "serve" || hasOtherBot || isNewer(guest.version, own.version);
  if (!isForAnother) return "receive";
  if (own.as === "front") return "hand_over";
  if (guest.as === "serve") return { refused: "this directory is served in the foreground" };
  return hasOtherBot ? { refused: OTHER_BOT } : "receive";
}

const OTHER_BOT =
  "`loopgate serve` runs here with another bot token or API server: restart it with this one, or use its own";

const isNewer = (a: string, b: string): boolean => a.localeCompare(b, "en", { numeric: true }) > 0;

async function report({ own, checks }: AdmissionParts, guest: Guest): Promise<void> {
  guest.answer(await reportTo(guest.introduction, own, checks));
  guest.stream.end();
}

async function serve({ bot, gateway, known, logger }: AdmissionParts, guest: Guest): Promise<void> {
  try {
    const policy = readRecipients(guest.introduction.recipients, bot?.id);
    using _present = await known.welcome(policy);
    guest.answer({ ready: true });
    await gateway.connect(guest.stream, policy);
  } catch (error) {
    if (!(error instanceof StartRefused)) logger.error({ err: error }, "a front could not be received");
    guest.answer({ refused: error instanceof StartRefused ? error.message : NOT_RECEIVED });
    guest.stream.end();
  }
}

const NOT_RECEIVED = "the daemon could not take this client in; its log says why";
