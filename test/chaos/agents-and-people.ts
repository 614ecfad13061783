import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { type FakeTelegram, person, type ShownMessage } from "@loopgate/testing";
import { viewFrom } from "../harness/call.ts";
import { textCanary } from "../harness/secret-scan.ts";
import type { Ledger } from "./ledger.ts";

export interface World {
  readonly telegram: FakeTelegram;
  readonly ledger: Ledger;
  readonly chats: readonly number[];
  /** How many questions agents may have asked by now: more than chats take in their time prove nothing. */
  budget: number;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

/** Agents and people at work on one Loopgate until `signal`; a call that dies with it says nothing. */
export async function work(world: World, url: () => string, signal: AbortSignal): Promise<void> {
  const loops = [ask, ask, ask, wait, cancel].map((act) => repeat(signal, () => act(world, url(), signal)));
  await Promise.all([...loops, repeat(signal, () => pressSome(world))]);
}

/** Every message that still has buttons gets a press, also the copies that nobody recorded. */
export function pressAll(world: World): void {
  for (const message of world.telegram.chats.messages) if (message.buttons.length > 0) press(world, message);
}

/** The messages that show questions; on a slow machine the bot also tells that it was offline. */
export const questionsShown = ({ telegram }: Pick<World, "telegram">): readonly ShownMessage[] =>
  telegram.chats.messages.filter(({ text }) => !text.startsWith(OUTAGE_NOTICE));

/** How the message begins that tells a chat of an outage. */
export const OUTAGE_NOTICE = "📴 I was offline from ";

/** The key that a message shows: every question has its own. */
export const keyOn = ({ text }: ShownMessage): string => /key-\d+/.exec(text)?.[0] ?? "";

/** Asks under this key; the same key always asks the same. */
export async function askUnder(
  key: string,
  { ledger, chats }: World,
  url: string,
  signal?: AbortSignal,
): Promise<void> {
  ledger.asked.add(key);
  const chat = chats[Number(key.slice(4)) % chats.length];
  const submission = {
    message: `${textCanary} ${key}`,
    request_type: "confirmation",
    session_id: `session-${chat}`,
    client_id: "chaos",
    timeout_seconds: 3_600,
    idempotency_key: key,
  };
  ledger.accepted(key, await viewFrom(url, "request_human_input", submission, signal));
}

async function ask(world: World, url: string, signal: AbortSignal): Promise<void> {
  const { ledger, random, budget } = world;
  const repeats = nextKey > budget || random() < 0.2;
  const key = repeats ? pick([...ledger.asked], random) : `key-${nextKey++}`;
  if (key !== undefined) await askUnder(key, world, url, signal);
}
let nextKey = 1;

async function wait({ ledger, random }: World, url: string, signal: AbortSignal): Promise<void> {
  const request_id = pick([...ledger.ids.values()], random);
  if (request_id === undefined) return;
  ledger.saw(await viewFrom(url, "check_request_status", { request_id, wait_seconds: 1 }, signal));
}

async function cancel({ ledger, random }: World, url: string, signal: AbortSignal): Promise<void> {
  await pause(50, undefined, { signal });
  const request_id = pick([...ledger.ids.values()], random);
  if (request_id === undefined || random() < 0.7) return;
  const view = await viewFrom(url, "cancel_request", { request_id }, signal).catch(() => undefined);
  if (view !== undefined) ledger.saw(view);
}

/** Somebody answers a question that nobody has pressed yet: each of these presses must count. */
export function pressFresh(world: World): void {
  const pressed = new Set(world.ledger.presses.values().map(({ key }) => key));
  const { messages } = world.telegram.chats;
  const fresh = messages.filter((message) => message.buttons.length > 0 && !pressed.has(keyOn(message)));
  const message = pick(fresh, world.random);
  if (message !== undefined) press(world, message);
}

/** Now and then somebody presses again what is pressed already. */
async function pressSome(world: World): Promise<void> {
  await pause(20);
  if (world.random() < 0.5) return pressFresh(world);
  const message = pick(questionsShown(world), world.random);
  if (message !== undefined && message.buttons.length > 0 && world.random() < 0.2) press(world, message);
}

function press({ telegram, ledger, random }: World, message: ShownMessage): void {
  const option = random() < 0.5 ? "Approve" : "Deny";
  const query = telegram.press(person(Number(message.chat)), message, option);
  ledger.presses.set(query, { key: keyOn(message), option });
}

/** Again and again; whatever a dying Loopgate does to a call ends only that call. */
async function repeat(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act().catch(() => turn());
    await turn();
  }
}

const pick = <Item>(items: readonly Item[], random: () => number): Item | undefined =>
  items[Math.floor(random() * items.length)];
