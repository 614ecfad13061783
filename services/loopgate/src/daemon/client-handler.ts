import { telegramPolicy } from "@loopgate/settings/telegram";
import { isDeepStrictEqual } from "node:util";
import { StartupError } from "@loopgate/bus";
import { eitherPolicy, type RecipientPolicy } from "@loopgate/domain";
import type { Gateway } from "@loopgate/gateway";
import type { HealthCheck, Logger } from "@loopgate/runtime";
import type { RecipientStore } from "../recipient-store.ts";
import { readRecipients } from "../settings.ts";
import type { Handshake } from "../stdio-proxy/handshake.ts";
import { asksOnly, type ClientHandler, type DaemonClient } from "./client-listener.ts";
import { reportFor } from "./daemon-report.ts";

export interface ClientHandlerOptions {
  /** This process's own handshake now: its token may be replaced. As `serve` it never hands over. */
  readonly own: () => Handshake;
  readonly bot: { readonly id: string } | undefined;
  readonly gateway: Gateway;
  readonly recipients: RecipientStore;
  /** Whom the inbox asks, besides the recipients of each client. */
  readonly inboxPolicy: RecipientPolicy;
  /** A link that signs the owner in to the inbox; absent without one. */
  readonly newLink: (() => Promise<string>) | undefined;
  /** What a doctor is told. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  /** Ends this process, so that another one serves the directory. */
  readonly handOver: () => void;
}

/** Serves stdio proxies with their own recipients, and reports to doctors. Hands over if another process should serve. */
export function clientHandler(options: ClientHandlerOptions): ClientHandler {
  const { own, checks, handOver } = options;
  return (client) => {
    if (client.handshake.as === "doctor") return void report(client, own(), checks);
    if (client.handshake.as === "open") return void giveLink(client, options);
    const decision = decideClient(client.handshake, own());
    if (decision === "accept") return void serve(client, options);
    if (decision === "hand_over") handOver();
    else client.reply(decision);
    client.stream.end();
  };
}

/**
 * Refuses clients that have the settings with which this process could not start. Others are disconnected, so that they start
 * a daemon with their own settings.
 */
export const refusingHandler =
  (own: Handshake, reason: string, onRefused: () => void): ClientHandler =>
  (client) => {
    const settingsOf = ({ identity, recipients }: Handshake) => [identity, recipients];
    if (isDeepStrictEqual(settingsOf(client.handshake), settingsOf(own))) {
      client.reply({ refused: reason });
      if (!asksOnly(client.handshake)) onRefused();
    }
    client.stream.end();
  };

type ClientDecision = "accept" | "hand_over" | { readonly refused: string };

/** A daemon hands over to a newer version, another bot token or a foreground process; a foreground process never does. */
export function decideClient(client: Handshake, own: Handshake): ClientDecision {
  const hasOtherBot = client.identity !== own.identity && !client.again;
  const needsOther = client.as === "serve" || hasOtherBot || isNewer(client.version, own.version);
  if (!needsOther) return "accept";
  if (own.as === "front") return "hand_over";
  if (client.as === "serve") return { refused: "a foreground process serves this directory" };
  return hasOtherBot ? { refused: OTHER_BOT } : "accept";
}

const OTHER_BOT =
  "`loopgate serve` runs here with another bot token or API server: restart it with these settings, or use its settings here";

const isNewer = (a: string, b: string): boolean => a.localeCompare(b, "en", { numeric: true }) > 0;

async function report(client: DaemonClient, own: Handshake, checks: readonly HealthCheck[]): Promise<void> {
  client.reply(await reportFor(client.handshake, own, checks));
  client.stream.end();
}

/** Only processes of the same user can connect, so the owner asks. */
async function giveLink(
  client: DaemonClient,
  { newLink, logger }: Pick<ClientHandlerOptions, "newLink" | "logger">,
): Promise<void> {
  try {
    client.reply(newLink === undefined ? { refused: NO_INBOX } : { link: await newLink() });
  } catch (error) {
    logger.error({ err: error }, "a link could not be made");
    client.reply({ refused: NOT_SERVED });
  }
  client.stream.end();
}

async function serve(
  client: DaemonClient,
  { bot, gateway, recipients, inboxPolicy, logger }: ClientHandlerOptions,
): Promise<void> {
  try {
    const policy = await readRecipients(client.handshake.recipients, bot?.id);
    using _registration = await recipients.register(policy);
    client.reply({ ready: true });
    const { project } = client.handshake;
    await gateway.connect(client.stream, {
      policy: eitherPolicy(telegramPolicy(policy), inboxPolicy),
      project,
    });
  } catch (error) {
    if (!(error instanceof StartupError)) logger.error({ err: error }, "a client could not be served");
    client.reply({ refused: error instanceof StartupError ? error.message : NOT_SERVED });
    client.stream.end();
  }
}

const NOT_SERVED = "the daemon could not serve this client: its log says why";
const NO_INBOX = "the inbox is off here: set LOOPGATE_INBOX to show or answer, and start Loopgate again";
