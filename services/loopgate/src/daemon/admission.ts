import { telegramPolicy } from "@loopgate/settings/telegram";
import { isDeepStrictEqual } from "node:util";
import type { Gateway } from "@loopgate/gateway";
import { type HealthCheck, type Logger } from "@loopgate/runtime";
import { StartupError } from "@loopgate/bus";
import { reportTo } from "./daemon-report.ts";
import type { DaemonClient } from "./client-listener.ts";
import type { Handshake } from "../stdio-proxy/handshake.ts";
import type { RecipientStore } from "../recipient-store.ts";
import { readRecipients } from "../settings.ts";

export interface AdmissionParts {
  /** How this process would introduce itself. As `serve` it stays, whoever comes. */
  readonly own: Handshake;
  readonly bot: { readonly id: string } | undefined;
  readonly gateway: Gateway;
  readonly known: RecipientStore;
  /** What this process depends on, for a doctor. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  /** Makes this process finish, and another one serve the client that is sent away. */
  readonly handOver: () => void;
}

/** Receives a client: a front is served for its own recipients, unless another process should serve it. */
export const admissionOf =
  (parts: AdmissionParts) =>
  (client: DaemonClient): void => {
    if (client.handshake.as === "doctor") return void report(parts, client);
    const verdict = admissionVerdict(client.handshake, parts.own);
    if (verdict === "receive") return void serve(parts, client);
    if (verdict === "hand_over") parts.handOver();
    else client.answer(verdict);
    client.stream.end();
  };

/** Refuses what has the same settings as this process, which could not start; others may fare better with their own. */
export const refusalOf =
  (own: Handshake, refused: string, told: () => void) =>
  (client: DaemonClient): void => {
    const settingsOf = ({ identity, recipients }: Handshake) => [identity, recipients];
    if (isDeepStrictEqual(settingsOf(client.handshake), settingsOf(own))) {
      client.answer({ refused });
      if (client.handshake.as !== "doctor") told();
    }
    client.stream.end();
  };

type Admission = "receive" | "hand_over" | { readonly refused: string };

/** A newer version, another token or a foreground takes the place of a daemon, and nobody that of a foreground. */
export function admissionVerdict(client: Handshake, own: Handshake): Admission {
  const hasOtherBot = client.identity !== own.identity && !client.again;
  const isForAnother = client.as === "serve" || hasOtherBot || isNewer(client.version, own.version);
  if (!isForAnother) return "receive";
  if (own.as === "front") return "hand_over";
  if (client.as === "serve") return { refused: "this directory is served in the foreground" };
  return hasOtherBot ? { refused: OTHER_BOT } : "receive";
}

const OTHER_BOT =
  "`loopgate serve` runs here with another bot token or API server: restart it with this one, or use its own";

const isNewer = (a: string, b: string): boolean => a.localeCompare(b, "en", { numeric: true }) > 0;

async function report({ own, checks }: AdmissionParts, client: DaemonClient): Promise<void> {
  client.answer(await reportTo(client.handshake, own, checks));
  client.stream.end();
}

async function serve({ bot, gateway, known, logger }: AdmissionParts, client: DaemonClient): Promise<void> {
  try {
    const policy = readRecipients(client.handshake.recipients, bot?.id);
    using _present = await known.welcome(policy);
    client.answer({ ready: true });
    await gateway.connect(client.stream, telegramPolicy(policy));
  } catch (error) {
    if (!(error instanceof StartupError)) logger.error({ err: error }, "a front could not be received");
    client.answer({ refused: error instanceof StartupError ? error.message : NOT_RECEIVED });
    client.stream.end();
  }
}

const NOT_RECEIVED = "the daemon could not take this client in; its log says why";
