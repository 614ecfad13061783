import { expect, it } from "vitest";
import { isStillAllowed, recipientAt, type RecipientPolicy } from "./recipients.ts";

const open: RecipientPolicy = { bot: "42", responders: [], allowedChats: [] };
const closed: RecipientPolicy = { bot: "42", defaultChat: "7", responders: ["1"], allowedChats: ["-100"] };

it("lets a private chat be answered by its person alone", () => {
  expect(recipientAt(open, "7", ["8", "9"])).toMatchObject({
    recipient: { endpoint: "telegram_42_7", responders: ["telegram:7"] },
  });
});

it("needs named responders in a group: its own, else the operator's", () => {
  expect(recipientAt(open, "-100")).toEqual({ kind: "no_responders" });
  expect(recipientAt(open, "-100", ["8"])).toMatchObject({ recipient: { responders: ["telegram:8"] } });
  expect(recipientAt(closed, "-100")).toMatchObject({ recipient: { responders: ["telegram:1"] } });
});

it("asks only chats that the operator allows, once any is named", () => {
  expect(recipientAt(closed, "9")).toEqual({ kind: "chat_not_allowed" });
  expect(recipientAt(closed, "7").kind).toBe("recipient");
  expect(recipientAt({ ...open, bot: undefined }, "7")).toEqual({ kind: "no_bot" });
});

const session = (responders: string[]) => ({
  session_id: "s",
  client_id: "c",
  active: false,
  created_at: "2026-11-24T10:00:00.000Z",
  recipients: [{ channel: "telegram", endpoint: "telegram_42_-100", responders }],
});

it("withdraws the power to answer with the chat's or the person's permission", () => {
  const group = ["telegram_42_-100"];
  expect(isStillAllowed(closed, group, "telegram:1", undefined)).toBe(true);
  expect(isStillAllowed({ ...closed, responders: ["2"] }, group, "telegram:1", undefined)).toBe(false);
  expect(isStillAllowed({ ...closed, allowedChats: [] }, group, "telegram:1", undefined)).toBe(false);
  expect(isStillAllowed(closed, group, "telegram:8", session(["telegram:8"]))).toBe(true);
  expect(isStillAllowed(closed, group, "telegram:1", session(["telegram:8"]))).toBe(false);
  expect(isStillAllowed(closed, ["telegram_42_7"], "telegram:7", undefined)).toBe(true);
  expect(isStillAllowed(closed, ["telegram_42_7"], "telegram:1", undefined)).toBe(false);
  expect(isStillAllowed(closed, ["telegram_43_7"], "telegram:7", undefined)).toBe(false);
});

it("keeps what was allowed and named under a chat's old id once it has another one", () => {
  const moved = ["telegram_42_-1007", "telegram_42_-100"];
  expect(isStillAllowed(closed, moved, "telegram:1", undefined)).toBe(true);
  expect(isStillAllowed({ ...closed, allowedChats: ["-1007"] }, moved, "telegram:1", undefined)).toBe(true);
  expect(isStillAllowed({ ...closed, allowedChats: [] }, moved, "telegram:1", undefined)).toBe(false);
  expect(isStillAllowed(closed, moved, "telegram:8", session(["telegram:8"]))).toBe(true);
  expect(isStillAllowed(closed, moved, "telegram:1", session(["telegram:8"]))).toBe(false);
});
