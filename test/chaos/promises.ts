import type { RequestView } from "@loopgate/contracts";
import { expect } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { askUnder, keyOn, OUTAGE_NOTICE, pressAll, questionsShown, type World } from "./agents-and-people.ts";

/** Gives every chat of the world a session of its own. */
export async function registerSessions({ chats }: World, url: string): Promise<void> {
  for (const chat of chats) {
    const body = JSON.stringify({ session_id: `session-${chat}`, client_id: "chaos", telegram_id: chat });
    const response = await fetch(`${url}/hitl/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(200);
  }
}

/**
 * With no more faults: every question is asked once more under its key; what was pressed decides by itself, then people
 * press what is still open until nothing is.
 */
export async function settle(world: World, url: string): Promise<void> {
  const { ledger, telegram } = world;
  for (const key of ledger.asked) await askUnder(key, world, url);
  const pendingOf = async (keys: Iterable<string>) => {
    const open = [...keys].filter((key) => !ledger.seen.has(ledger.ids.get(key) ?? ""));
    const views = await Promise.all(
      open.map(async (key) => {
        const view = await viewFrom(url, "check_request_status", { request_id: ledger.ids.get(key) });
        ledger.saw(view);
        return { key, view };
      }),
    );
    return views.filter(({ view }) => view.status === "pending").map(({ key }) => storyOf(key, world));
  };
  const pressed = new Set(heldPresses(world).map(([, { key }]) => key));
  await expect
    .poll(async () => [await pendingOf(pressed), telegram.held], { timeout: 60_000 })
    .toEqual([[], []]);
  const stillOpen = () => telegram.chats.messages.filter(({ buttons }) => buttons.length > 0).length;
  await expect
    .poll(
      async () => {
        pressAll(world);
        return [await pendingOf(ledger.ids.keys()), telegram.held.length, stillOpen()];
      },
      { timeout: 240_000, interval: 500 },
    )
    .toEqual([[], 0, 0]);
}

/** The presses that Telegram did not throw away itself: on a slow machine one can wait longer than its 150 s. */
function heldPresses({ ledger, telegram }: World) {
  const gone = new Set(telegram.expired.map(({ callback_query }) => callback_query?.id));
  return [...ledger.presses].filter(([query]) => !gone.has(query));
}

/** All that the outside knows of a question, for the one who must find out what went wrong. */
function storyOf(key: string, { ledger, telegram }: World) {
  const messages = questionsShown({ telegram }).filter((message) => keyOn(message) === key);
  const presses = [...ledger.presses].filter(([, press]) => press.key === key);
  const told = presses.map(([query, { option }]) => [
    option,
    telegram.answers.find((answer) => answer.query === query)?.text ?? "nothing",
  ]);
  return { key, id: ledger.ids.get(key), messages: messages.map(({ chat, id }) => `${chat}/${id}`), told };
}

/** What everybody was told, from the first fault on, is what stands. */
export async function expectPromisesKept({ ledger, telegram }: World, url: string): Promise<void> {
  expect(ledger.violations).toEqual([]);
  const keys = new Map([...ledger.ids].map(([key, id]) => [key, ledger.seen.get(id)]));
  for (const [key, view] of keys) {
    const again = await viewFrom(url, "check_request_status", { request_id: view?.request_id });
    // Whether a question arrived may be heard after its decision; all else stands.
    expect(again).toEqual({ ...view, delivery: again.delivery });
    expect(again.approved, key).toBe(again.status === "decided" && again.response === "Approve");
  }
  const told = telegram.answers.flatMap(({ query, text }) => {
    const recorded = /^(?:Recorded|Already recorded): (\w+)/.exec(text)?.[1];
    const press = ledger.presses.get(query);
    const view = keys.get(press?.key ?? "");
    return recorded === undefined || view === undefined ? [] : [{ recorded, press, view }];
  });
  for (const { recorded, press, view } of told) {
    expect([press?.option, view.response], press?.key).toEqual([recorded, recorded]);
  }
  const titled = questionsShown({ telegram }).map(
    (message) => [message.text.split(" · ")[0], keys.get(keyOn(message))] as const,
  );
  for (const [title, view] of titled) expect(title).toBe(titleOf(view));
  expectTrueNotices(telegram);
}

/** A notice of an outage lists questions of its own chat, and nothing else. */
function expectTrueNotices(telegram: World["telegram"]): void {
  const notices = telegram.chats.messages.filter(({ text }) => text.startsWith(OUTAGE_NOTICE));
  for (const { chat, text } of notices) {
    const asked = questionsShown({ telegram })
      .filter((message) => message.chat === chat)
      .map(keyOn);
    const listed = text.match(/key-\d+/g) ?? [];
    expect(text).toContain("Still open here:");
    expect(asked).toEqual(expect.arrayContaining([...listed]));
  }
}

/** The first line of a closed question. */
function titleOf(view: RequestView | undefined): string {
  if (view?.status === "cancelled") return "🚫 Cancelled";
  return view?.approved === true ? "✅ Approved" : "❌ Denied";
}

/** Telegram's send can't be made idempotent: one extra message a fault for each chat, and no more (I8). */
export function expectNoExcess(world: World, faults: number): void {
  for (const chat of world.chats) {
    const extra = extraMessages(world).filter((message) => message.chat === String(chat));
    expect(extra.length, `chat ${chat}`).toBeLessThanOrEqual(faults);
  }
}

/** Messages that show a question that another message showed before. */
export function extraMessages({ telegram }: World) {
  const shown = questionsShown({ telegram });
  const first = new Map(shown.toReversed().map((message) => [keyOn(message), message]));
  return shown.filter((message) => first.get(keyOn(message)) !== message);
}
