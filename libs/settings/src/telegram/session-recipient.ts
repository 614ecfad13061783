import type { RecipientFormat } from "@loopgate/contracts";
import { z } from "zod";
import { addressOfPlace, isServiceAccount, parseTelegramEndpoint } from "./telegram-endpoint.ts";

const Responder = z
  .string()
  .regex(/^telegram:[1-9]\d{0,19}$/, "must be a person such as telegram:123")
  .refine(
    (principal) => !isServiceAccount(principal.slice("telegram:".length)),
    "is a service account of Telegram that many people share: name the people",
  );

/** A Telegram chat, or a topic in it, as `/v1/sessions` writes it. Ids are texts, because they exceed 32 bits. */
const TelegramRecipient = z.strictObject({
  channel: z.literal("telegram"),
  chat: z
    .string("must be the id of a chat, as text")
    .regex(/^-?[1-9]\d{0,19}$/, "must be the id of a chat, as text")
    .describe("The id of a chat: of a person, or negative of a group."),
  thread: z
    .string("must be the id of a topic, as text")
    .regex(/^[1-9]\d{0,9}$/, "must be the id of a topic, as text")
    .optional()
    .describe("A topic of that chat."),
  responders: z
    .array(Responder, "must be a list")
    .max(100, "must have at most 100 entries")
    .optional()
    .describe(
      "Who may answer, such as telegram:123. A group needs them, unless the operator's settings name them. In a private chat its person answers.",
    ),
});

export const telegramRecipientFormat: RecipientFormat = {
  schema: TelegramRecipient,
  read: (written) => {
    const { chat, thread, responders = [] } = TelegramRecipient.parse(written);
    return {
      address: addressOfPlace({ chat, thread }),
      responderIds: responders.map((principal) => principal.slice("telegram:".length)),
    };
  },
  write: ({ endpoint, responders }) => {
    const place = parseTelegramEndpoint(endpoint);
    if (place === undefined) return undefined;
    const { chat, thread } = place;
    return { channel: "telegram", chat, ...(thread === undefined ? {} : { thread }), responders };
  },
};
