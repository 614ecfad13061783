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

const gate = { id: 42, is_bot: true, first_name: "Gate" };
const replied = (extra: object) =>
  incomingOf(
    "42",
    {
      update_id: 9,
      message: {
        ...message,
        from: alice,
        text: "yes",
        reply_to_message: { message_id: 30, from: gate },
        ...extra,
      },
    },
    stored,
  );
const pressed = (extra: object) =>
  incomingOf(
    "42",
    { update_id: 9, callback_query: { id: "q", from: alice, chat_instance: "1", data, message, ...extra } },
    stored,
  );

it.each([
  ["a forwarded message", { forward_origin: { type: "hidden_user" } }],
  ["a message through a bot", { via_bot: gate }],
  ["an anonymous admin without a sender's chat", { from: { ...alice, id: 1087968824, is_bot: true } }],
  ["a channel's sender", { from: { ...alice, id: 136817688, is_bot: true } }],
  ["Telegram's own account", { from: { ...alice, id: 777000 } }],
  ["a picture", { text: undefined }],
])("takes no answer from %s, and says so", (_, extra) => {
  expect(replied(extra)).toMatchObject({ kind: "hint", to: { message: 31 } });
});

it.each([
  ["a bot's message", replied({ from: { ...alice, is_bot: true } })],
  ["a message from nobody", replied({ from: undefined })],
  ["group talk that answers nothing", replied({ reply_to_message: undefined })],
  ["an edited message", incomingOf("42", { update_id: 9, edited_message: message }, stored)],
  ["a channel's post", incomingOf("42", { update_id: 9, channel_post: message }, stored)],
  ["a change of membership", incomingOf("42", { update_id: 9, my_chat_member: {} }, stored)],
])("passes over %s", (_, incoming) => {
  expect(incoming).toBeUndefined();
});

it.each([
  ["a bot", { from: { ...alice, is_bot: true } }],
  ["an account of Telegram's", { from: { ...alice, id: 1087968824 } }],
  ["a button without a message", { message: undefined }],
  ["a button without data", { data: undefined }],
  ["data of nobody's button", { data: "response:1:0" }],
])("tells a press by %s that it decides nothing", (_, extra) => {
  expect(pressed(extra)).toMatchObject({ kind: "hint", to: { query: "q" } });
});

it("reads a press on a message that Telegram no longer shows", () => {
  expect(pressed({ message: { ...message, date: 0 } })).toMatchObject({ kind: "answer", copy: "31" });
});

it("helps in a private chat, and promises nothing there", () => {
  const said = (text: string) =>
    incomingOf(
      "42",
      { update_id: 9, message: { message_id: 1, chat: { id: 7, type: "private" }, from: alice, text } },
      stored,
    );
  expect(said("/start x")).toMatchObject({ kind: "hint", text: expect.stringContaining("is 7.") });
  expect(said("hello")).toMatchObject({ kind: "hint", text: expect.stringContaining("press one of") });
});

it("cleans the name that people are shown", () => {
  const from = { ...alice, first_name: "\u202EAlice\n\u0000", last_name: "x".repeat(100) };
  const incoming = pressed({ from });
  const name = incoming?.kind === "answer" ? incoming.name : "";
  expect(name).toMatch(/^Alice x+…$/);
  expect(name).toHaveLength(64);
  expect(pressed({ from: { ...alice, first_name: "\u202E", last_name: undefined } })).toMatchObject({
    name: "somebody",
  });
});

it.each([
  ["a press", { callback_query: { id: "q", from: { id: "7" } } }, "q"],
  ["a press without an id", { callback_query: { from: alice } }, undefined],
  ["a press by half a person", { callback_query: { id: "q", from: { ...alice, id: 7.5 } } }, "q"],
  ["a message", { message: { message_id: "31" } }, undefined],
])("sets %s aside that it cannot read", (_, part, query) => {
  expect(incomingOf("42", { update_id: 9, ...part }, stored)).toEqual({ kind: "unreadable", query });
});

it("never throws, and never takes rubbish for an answer", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (raw, query, text) => {
      for (const update of [raw, { update_id: 1, callback_query: query, message: text }]) {
        const incoming = incomingOf("42", update, stored);
        expect(["undefined", "hint", "unreadable"]).toContain(incoming?.kind ?? "undefined");
      }
    }),
  );
});
