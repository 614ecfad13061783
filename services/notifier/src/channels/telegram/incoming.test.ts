import * as fc from "fast-check";
import { expect, it } from "vitest";
import { incomingOf } from "./incoming.ts";

const stored = "2026-11-24T14:00:00.000Z";
const alice = { id: 7, is_bot: false, first_name: "Alice", last_name: "Weber" };
const data = "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_A";
const message = { message_id: 31, chat: { id: -5, type: "supergroup" } };

it("reads a press: who by the sender's id, where by the chat, what by the data", () => {
  const incoming = incomingOf(
    "42",
    { update_id: 9, callback_query: { id: "q", from: alice, chat_instance: "1", data, message } },
    stored,
  );
  expect(incoming).toMatchObject({
    kind: "answer",
    key: "tg42.9",
    endpoint: "telegram_42_-5",
    responder: "telegram:7",
    name: "Alice Weber",
    copy: "31",
    to: { query: "q" },
  });
});

it("reads a reply to one of this bot's messages, and no other", () => {
  const reply = (from: unknown) => ({
    update_id: 9,
    message: { ...message, from: alice, text: "yes", reply_to_message: { message_id: 30, from } },
  });
  expect(incomingOf("42", reply({ id: 42, is_bot: true, first_name: "Gate" }), stored)).toMatchObject({
    kind: "answer",
    copy: "30",
    choice: { text: "yes" },
  });
  expect(incomingOf("42", reply({ id: 43, is_bot: true, first_name: "Other" }), stored)).toBeUndefined();
});

it.each([
  [
    "an anonymous admin",
    { from: { id: 1087968824, is_bot: true, first_name: "Group" }, sender_chat: { id: -5 } },
  ],
  [
    "a channel's automatic copy",
    { from: { id: 777000, is_bot: false, first_name: "Telegram" }, sender_chat: { id: -6 } },
  ],
])("takes no answer from %s", (_, sender) => {
  const update = {
    update_id: 9,
    message: {
      ...message,
      text: "yes",
      ...sender,
      reply_to_message: { message_id: 30, from: { id: 42, is_bot: true, first_name: "Gate" } },
    },
  };
  expect(incomingOf("42", update, stored)).toMatchObject({ kind: "hint" });
});

it("never throws, whatever arrives", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (query, text) => {
      const incoming = incomingOf("42", { update_id: 1, callback_query: query, message: text }, stored);
      expect(incoming === undefined || incoming.kind === "answer" || incoming.kind === "hint").toBe(true);
    }),
  );
});
