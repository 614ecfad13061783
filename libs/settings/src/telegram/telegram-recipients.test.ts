import { expect, it } from "vitest";
import { telegramPolicy, type TelegramRecipients } from "./telegram-recipients.ts";

const open: TelegramRecipients = { bot: "42", responders: [], allowedChats: [] };
const closed: TelegramRecipients = { bot: "42", defaultChat: "7", responders: ["1"], allowedChats: ["-100"] };

it("lets a private chat be answered by its person alone", () => {
  expect(telegramPolicy(open).recipientAt("7", ["8", "9"])).toMatchObject({
    recipient: { endpoint: "telegram_42_7", responders: ["telegram:7"] },
  });
});

it("needs named responders in a group: its own, else the operator's", () => {
  expect(telegramPolicy(open).recipientAt("-100", [])).toEqual({ kind: "no_responders" });
  expect(telegramPolicy(open).recipientAt("-100", ["8"])).toMatchObject({
    recipient: { responders: ["telegram:8"] },
  });
  expect(telegramPolicy(closed).recipientAt("-100", [])).toMatchObject({
    recipient: { responders: ["telegram:1"] },
  });
});

it("asks in a topic, and lets the same people answer there as in the whole chat", () => {
  const policy = telegramPolicy({ ...closed, defaultChat: "-100", defaultThread: "45" });
  const endpoint = "telegram_42_-100_45";
  expect(policy.defaultRecipients()).toMatchObject({
    recipients: [{ endpoint, responders: ["telegram:1"] }],
  });
  expect(policy.recipientAt("-100/46", ["8"])).toMatchObject({
    recipient: { endpoint: "telegram_42_-100_46", responders: ["telegram:8"] },
  });
  expect(policy.recipientAt("-100/1", [])).toMatchObject({ recipient: { endpoint: "telegram_42_-100" } });
  expect(policy.recipientAt("-200/45", ["8"])).toEqual({ kind: "not_allowed" });
  expect(policy.allows(endpoint)).toBe(true);
  expect(policy.mayAnswer([endpoint], "telegram:1", undefined)).toBe(true);
  expect(policy.mayAnswer([endpoint], "telegram:2", undefined)).toBe(false);
  expect(policy.addressOf(endpoint)).toBe("-100/45");
});

it("asks only chats that the operator allows, once any is named", () => {
  expect(telegramPolicy(closed).recipientAt("9", [])).toEqual({ kind: "not_allowed" });
  expect(telegramPolicy(closed).recipientAt("7", []).kind).toBe("recipient");
  expect(telegramPolicy({ ...open, bot: undefined }).recipientAt("7", [])).toEqual({ kind: "no_account" });
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
  expect(telegramPolicy(closed).mayAnswer(group, "telegram:1", undefined)).toBe(true);
  expect(telegramPolicy({ ...closed, responders: ["2"] }).mayAnswer(group, "telegram:1", undefined)).toBe(
    false,
  );
  expect(telegramPolicy({ ...closed, allowedChats: [] }).mayAnswer(group, "telegram:1", undefined)).toBe(
    false,
  );
  expect(telegramPolicy(closed).mayAnswer(group, "telegram:8", session(["telegram:8"]))).toBe(true);
  expect(telegramPolicy(closed).mayAnswer(group, "telegram:1", session(["telegram:8"]))).toBe(false);
  expect(telegramPolicy(closed).mayAnswer(["telegram_42_7"], "telegram:7", undefined)).toBe(true);
  expect(telegramPolicy(closed).mayAnswer(["telegram_42_7"], "telegram:1", undefined)).toBe(false);
  expect(telegramPolicy(closed).mayAnswer(["telegram_43_7"], "telegram:7", undefined)).toBe(false);
});

it("keeps what was allowed and named under a chat's old id once it has another one", () => {
  const moved = ["telegram_42_-1007", "telegram_42_-100"];
  expect(telegramPolicy(closed).mayAnswer(moved, "telegram:1", undefined)).toBe(true);
  expect(
    telegramPolicy({ ...closed, allowedChats: ["-1007"] }).mayAnswer(moved, "telegram:1", undefined),
  ).toBe(true);
  expect(telegramPolicy({ ...closed, allowedChats: [] }).mayAnswer(moved, "telegram:1", undefined)).toBe(
    false,
  );
  expect(telegramPolicy(closed).mayAnswer(moved, "telegram:8", session(["telegram:8"]))).toBe(true);
  expect(telegramPolicy(closed).mayAnswer(moved, "telegram:1", session(["telegram:8"]))).toBe(false);
});
