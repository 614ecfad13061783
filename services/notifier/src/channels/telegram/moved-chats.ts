import { isGroupChat, parseTelegramEndpoint, telegramEndpoint } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import { isChatAllowed, type RecipientPolicy } from "@loopgate/domain";
import { z } from "zod";

/** A group that becomes a supergroup gets another id, once and for good. Each of the two knows the other. */
const Move = z.union([z.object({ moved_to: z.string() }), z.object({ moved_from: z.string() })]);

/** The chat of an endpoint, whatever its topic: a message's id is one of its chat. */
export function chatOf(endpoint: string): string {
  const place = parseTelegramEndpoint(endpoint);
  return place === undefined ? endpoint : telegramEndpoint({ bot: place.bot, chat: place.chat });
}

/** Remembers that a chat has another id, for all replicas and for ever. To do so again changes nothing. */
export async function recordMove(channels: Bucket, from: string, to: string): Promise<void> {
  await channels.create(to, JSON.stringify({ moved_from: from }));
  await channels.create(from, JSON.stringify({ moved_to: to }));
}

/** All endpoints that name the chat of this one: itself, and the one that it had before or has now. */
export async function namesOf(channels: Bucket, endpoint: string): Promise<readonly string[]> {
  const chat = chatOf(endpoint);
  const move = await moveOf(channels, chat);
  if (move === undefined) return [chat];
  return [chat, "moved_to" in move ? move.moved_to : move.moved_from];
}

/** Where the chat of this endpoint is found now. */
export async function presentEndpoint(channels: Bucket, endpoint: string): Promise<string> {
  const move = await moveOf(channels, chatOf(endpoint));
  return move !== undefined && "moved_to" in move ? move.moved_to : endpoint;
}

/** True if an operator allows the chat that has these names under one of them. */
export const isAllowedUnder = (names: readonly string[], policies: readonly RecipientPolicy[]): boolean =>
  policies.some((policy) => names.some((name) => allows(policy, name)));

function allows(policy: RecipientPolicy, name: string): boolean {
  const place = parseTelegramEndpoint(name);
  return place !== undefined && isChatAllowed(policy, place.chat);
}

/** Only groups move. */
async function moveOf(channels: Bucket, chat: string): Promise<z.infer<typeof Move> | undefined> {
  if (!isGroupChat(parseTelegramEndpoint(chat)?.chat ?? "")) return undefined;
  const found = await channels.get(chat);
  return found === undefined ? undefined : Move.parse(JSON.parse(found.value));
}
