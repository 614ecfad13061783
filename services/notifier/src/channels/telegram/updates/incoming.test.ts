import * as fc from "fast-check";
import { expect, it } from "vitest";
import { incomingOf } from "./incoming.ts";

const bot = { id: "42", username: "gate_bot" };
const stored = "2026-11-24T14:00:00.000Z";
const alice = { id: 7, is_bot: false, first_name: "Alice", last_name: "Weber" };
const data = "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_A";
const message = { message_id: 31, chat: { id: -5, type: "supergroup" } };

it("reads a press: who by the sender's id, where by the chat, what by the data", () => {
  const incoming = incomingOf(
    bot,
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
  expect(incomingOf(bot, reply({ id: 42, is_bot: true, first_name: "Gate" }), stored)).toMatchObject({
    kind: "answer",
    copy: "30",
    choice: { text: "yes" },
  });
  expect(incomingOf(bot, reply({ id: 43, is_bot: true, first_name: "Other" }), stored)).toBeUndefined();
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
  expect(incomingOf(bot, update, stored)).toMatchObject({ kind: "hint" });
});

const gate = { id: 42, is_bot: true, first_name: "Gate" };
const replied = (extra: object) =>
  incomingOf(
    bot,
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
    bot,
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
  ["an edited message", incomingOf(bot, { update_id: 9, edited_message: message }, stored)],
  ["a channel's post", incomingOf(bot, { update_id: 9, channel_post: message }, stored)],
  ["a change of membership", incomingOf(bot, { update_id: 9, my_chat_member: {} }, stored)],
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

const said = (text: string, extra: object = {}) =>
  incomingOf(
    bot,
    {
      update_id: 9,
      message: { message_id: 1, chat: { id: 7, type: "private" }, from: alice, text, ...extra },
    },
    stored,
  );

it("helps in a private chat, and promises nothing there", () => {
  expect(said("hello")).toMatchObject({ kind: "hint", text: expect.stringContaining("press one of") });
});

const contents = [
  "voice",
  "photo",
  "sticker",
  "location",
  "video_note",
  "document",
  "contact",
  "poll",
  "dice",
];

it.each(contents)("helps in a private chat after a message with %s, and not in a group", (content) => {
  const message = { text: undefined, [content]: {} };
  expect(said("", message)).toMatchObject({ kind: "hint", text: expect.stringContaining("press one of") });
  expect(said("", { ...message, chat: { id: -5, type: "supergroup" } })).toBeUndefined();
});

it.each([
  "pinned_message",
  "new_chat_title",
  "message_auto_delete_timer_changed",
  "write_access_allowed",
  "gift",
])("passes over a message that tells of an event: %s", (event) => {
  expect(said("", { text: undefined, [event]: {} })).toBeUndefined();
});

it.each(contents)("takes the caption of a reply with %s for its words", (content) => {
  expect(replied({ text: undefined, [content]: {}, caption: "this one" })).toMatchObject({
    kind: "answer",
    choice: { text: "this one" },
  });
  expect(replied({ text: undefined, [content]: {} })).toMatchObject({ kind: "hint" });
});

it.each([
  ["/start", "start"],
  ["/start abc", "start"],
  ["/pending@Gate_Bot", "pending"],
  ["/status", "status"],
  ["/help\nplease", "help"],
])("reads the command %j", (text, command) => {
  expect(said(text)).toMatchObject({
    kind: "command",
    command,
    endpoint: "telegram_42_7",
    responder: "telegram:7",
  });
});

it.each(["/pending@other_bot", "/pendings", "pending", " /pending", "/PENDING", "x /pending", "/"])(
  "takes %j for no command",
  (text) => {
    expect(said(text)).toMatchObject({ kind: "hint" });
  },
);

it("takes a command that replies to a question for a command only if it stands alone", () => {
  const reply_to_message = { message_id: 30, from: gate };
  expect(said("/status", { reply_to_message })).toMatchObject({ kind: "command" });
  expect(said("/status is the path", { reply_to_message })).toMatchObject({
    kind: "answer",
    choice: { text: "/status is the path" },
  });
});

it("takes no command from what was forwarded or sent through a bot", () => {
  expect(said("/pending", { forward_origin: {} })).toMatchObject({ kind: "hint" });
  expect(said("/pending", { via_bot: gate })).toMatchObject({ kind: "hint" });
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
  expect(incomingOf(bot, { update_id: 9, ...part }, stored)).toEqual({ kind: "unreadable", query });
});

it("never throws, and never takes rubbish for an answer", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (raw, query, text) => {
      for (const update of [raw, { update_id: 1, callback_query: query, message: text }]) {
        const incoming = incomingOf(bot, update, stored);
        expect(["undefined", "hint", "command", "unreadable"]).toContain(incoming?.kind ?? "undefined");
      }
    }),
  );
});
