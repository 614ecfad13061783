import { type Recipient, type RecipientFormat, webInbox } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import { z } from "zod";
import { listSetting } from "./configuration.ts";

/** The person whose machine runs everything in one process. */
export const OWNER = "web:owner";

const principal = z
  .string()
  .regex(
    /^(?:web:[^\s@]+@[^\s@]+|web:owner|group:\S+)$/i,
    "must be principals such as web:alice@example.com or group:deployers",
  )
  .max(200)
  .transform((text) => (text.startsWith("group:") ? text : text.toLowerCase()));

/** Who is asked in the browser inbox (docs/configuration.md). */
export const webVariables = { LOOPGATE_WEB_RESPONDERS: listSetting.pipe(z.array(principal).max(100)) };

/**
 * What these settings allow in the inbox.
 * @param responders the principals that are asked when a session names no recipient; none: the inbox is not asked then
 */
export const webPolicy = (responders: readonly string[]): RecipientPolicy => ({
  defaultRecipients: () =>
    responders.length === 0
      ? { kind: "no_default" }
      : { kind: "recipients", recipients: [recipientFor(responders)] },
  recipientAt: (address, responderIds) => {
    if (address !== webInbox.endpoint) return { kind: "not_allowed" };
    const named = responderIds.length > 0 ? responderIds : responders;
    return named.length === 0
      ? { kind: "no_responders" }
      : { kind: "recipient", recipient: recipientFor(named) };
  },
  allows: (endpoint) => endpoint === webInbox.endpoint,
  mayAnswer: (endpoints, principal, session) => {
    if (!endpoints.includes(webInbox.endpoint)) return false;
    const registered = session?.recipients.find(({ endpoint }) => endpoint === webInbox.endpoint);
    return (registered?.responders ?? responders).includes(principal);
  },
  addressOf: (endpoint) => endpoint,
  isOpen: false,
  settingNames: {
    account: "LOOPGATE_INBOX",
    defaultRecipient: "LOOPGATE_WEB_RESPONDERS",
    allowedRecipients: "LOOPGATE_WEB_RESPONDERS",
    responders: "LOOPGATE_WEB_RESPONDERS",
  },
});

const recipientFor = (responders: readonly string[]): Recipient => ({
  ...webInbox,
  responders: [...responders],
});

const WebRecipient = z.strictObject({
  channel: z.literal("web"),
  responders: z
    .array(principal, "must be a list")
    .max(100, "must have at most 100 entries")
    .optional()
    .describe(
      "Who may answer in the inbox, such as web:alice@example.com. Default: LOOPGATE_WEB_RESPONDERS.",
    ),
});

/** The browser inbox as `/v1/sessions` writes it. */
export const webRecipientFormat: RecipientFormat = {
  schema: WebRecipient,
  read: (written) => ({
    address: webInbox.endpoint,
    responderIds: WebRecipient.parse(written).responders ?? [],
  }),
  write: ({ channel, responders }) =>
    channel === webInbox.channel ? { channel: "web", responders } : undefined,
};
