import { type CreatedEvent, type DecidedEvent, keyToken, tagOf } from "@loopgate/contracts";
import { type Bucket, changeValue } from "@loopgate/bus";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { z } from "zod";
import type { TelegramResult } from "./api/chat-queue.ts";
import { editMessage } from "./edit-message.ts";
import { chatOf } from "./moved-chats.ts";
import { closedOfferText } from "./rendering/comment-offer.ts";
import type { TelegramCalls } from "./telegram-calls.ts";

// An offer is a message that repeats a comment above the question's buttons. The offers of a question in a chat are
// closed with its copy there.

/** Ids of messages, as JSON in the `copies` bucket. */
const Offers = z.array(z.string());

/** The oldest of more offers is not closed; a press on it is told the decision. */
const MAX_OFFERS = 20;

/** Records an offer, to be closed later. Best effort: an offer that is not recorded works too. */
export async function recordOffer(
  bucket: Bucket,
  created: CreatedEvent,
  { endpoint, message }: { readonly endpoint: string; readonly message: string },
): Promise<void> {
  await changeValue(bucket, keyOf(created, endpoint), (present) => {
    const offers = offersIn(present);
    return offers.includes(message) ? undefined : JSON.stringify([...offers, message].slice(-MAX_OFFERS));
  });
}

/** Makes every offer of a question in a chat show the decision. An offer that a person deleted is closed. */
export async function closeOffers(
  { api, claims, queue }: TelegramCalls,
  endpoint: string,
  { created, decided }: { readonly created: CreatedEvent; readonly decided: DecidedEvent },
): Promise<TelegramResult<void>> {
  const chat = parseTelegramEndpoint(endpoint)?.chat ?? "";
  const offers = offersIn((await claims.get(keyOf(created, endpoint)))?.value);
  const text = closedOfferText(created, decided);
  const edits = offers.map((message) =>
    queue.call(chat, "edit", () => editMessage(api, { chat, message }, text)),
  );
  const unfinished = (await Promise.all(edits)).find(
    (edit) => edit.kind === "failed" && edit.failure.kind !== "permanent",
  );
  return unfinished ?? { kind: "ok", result: undefined };
}

const keyOf = (created: CreatedEvent, endpoint: string): string =>
  keyToken("offers", chatOf(endpoint), created.subject, tagOf(created));

const offersIn = (value: string | undefined): readonly string[] =>
  value === undefined ? [] : Offers.parse(JSON.parse(value));
