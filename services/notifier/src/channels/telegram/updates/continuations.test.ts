import { expect, it } from "vitest";
import { Continuations } from "./continuations.ts";

const full = "x".repeat(4_000);
const sent = (update_id: number, text: string | undefined, more: object = {}) => ({
  update_id,
  message: { message_id: update_id, date: 100, chat: { id: 7 }, from: { id: 7 }, text, ...more },
});

it("tells the text that goes on, again for an update that is stored again", () => {
  const continuations = new Continuations();
  const updates = [sent(1, full), sent(2, full), sent(3, "end"), sent(4, "another")];
  const expected = [undefined, 1, 2, undefined];
  expect(updates.map((one) => continuations.continuedBy(one))).toEqual(expected);
  expect(updates.map((one) => continuations.continuedBy(one))).toEqual(expected);
});

it.each([
  ["of another sender", { from: { id: 8 } }],
  ["in another chat", { chat: { id: -5 } }],
  ["that came later", { date: 103 }],
  ["that replies to another message", { reply_to_message: { message_id: 9 } }],
  ["without text", { text: undefined, photo: [] }],
])("takes no message for the rest %s", (_, more) => {
  const continuations = new Continuations();
  continuations.continuedBy(sent(1, full));
  expect(continuations.continuedBy(sent(2, "end", more))).toBeUndefined();
});

it.each([undefined, null, 5, "x", {}, { update_id: 1 }, { update_id: 2, message: {} }])("reads %j", (raw) => {
  expect(new Continuations().continuedBy(raw)).toBeUndefined();
});

it("forgets what is long past", () => {
  const continuations = new Continuations();
  continuations.continuedBy(sent(1, full));
  for (let id = 2; id < 300; id++) continuations.continuedBy(sent(id, "x", { from: { id: 8 } }));
  expect(continuations.continuedBy(sent(300, "end"))).toBeUndefined();
});
