import * as fc from "fast-check";
import { expect, it } from "vitest";
import { chatChangeOf } from "./chat-change.ts";

const group = { id: -5, type: "group" };
const supergroup = { id: -1_000_000_000_005, type: "supergroup" };
const person = { id: 7, type: "private" };
const said = (chat: object, message: object) =>
  chatChangeOf("42", { update_id: 1, message: { message_id: 1, chat, ...message } });
const became = (chat: object, before: string, after: string) =>
  chatChangeOf("42", {
    update_id: 1,
    my_chat_member: { chat, old_chat_member: { status: before }, new_chat_member: { status: after } },
  });

it("reads a move from either side of it", () => {
  const move = { kind: "moved", from: "telegram_42_-5", to: "telegram_42_-1000000000005" };
  expect(said(group, { migrate_to_chat_id: supergroup.id })).toEqual(move);
  expect(said(supergroup, { migrate_from_chat_id: group.id })).toEqual(move);
});

it.each([
  [person, "kicked", "member"],
  [group, "left", "administrator"],
  [supergroup, "kicked", "restricted"],
])("sees that the bot is let in again: %j", (chat, before, after) => {
  expect(became(chat, before, after)).toEqual({ kind: "opened", endpoint: `telegram_42_${chat.id}` });
});

it.each([
  ["is shut out", became(person, "member", "kicked")],
  ["gets another role", became(group, "member", "administrator")],
  ["stays out", became(group, "left", "kicked")],
  ["is started in a group", said(group, { text: "/start" })],
  ["is talked to", said(person, { text: "start" })],
  ["is sent another command", said(person, { text: "/starter" })],
  ["is shown a move that a person quotes", said(group, { reply_to_message: { migrate_to_chat_id: -6 } })],
])("sees no change when the bot %s", (_, change) => {
  expect(change).toBeUndefined();
});

it("sees a person press Start, also by a link", () => {
  for (const text of ["/start", "/start abc"])
    expect(said(person, { text })).toMatchObject({ kind: "opened" });
});

it("never throws", () => {
  fc.assert(
    fc.property(fc.anything(), (raw) => {
      expect(chatChangeOf("42", raw)).toBeUndefined();
    }),
  );
});
