import { eitherPolicy } from "@loopgate/domain";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "./configuration.ts";
import { telegramPolicy } from "./telegram/telegram-recipients.ts";
import { webPolicy, webRecipientFormat, webVariables } from "./web.ts";
import { z } from "zod";

const read = (text: string) => readConfiguration(z.object(webVariables), { LOOPGATE_WEB_RESPONDERS: text });

describe("LOOPGATE_WEB_RESPONDERS", () => {
  it("takes people and groups; addresses are compared in lower case", async () => {
    expect(await read("web:Alice@Example.com, group:Deployers,web:owner")).toEqual({
      LOOPGATE_WEB_RESPONDERS: ["web:alice@example.com", "group:Deployers", "web:owner"],
    });
  });

  it.each(["alice@example.com", "telegram:7", "web:alice", "group:"])("refuses %s", async (text) => {
    await expect(read(text)).rejects.toThrow("must be principals such as web:alice@example.com");
  });
});

const inbox = { channel: "web", endpoint: "web_inbox" };

describe("the inbox beside a channel", () => {
  const chat = { bot: "42", defaultChat: "7", responders: [], allowedChats: [] };

  it.each([
    ["both", chat, ["web:owner"], ["telegram_42_7", "web_inbox"]],
    ["the channel alone, without people for the inbox", chat, [], ["telegram_42_7"]],
    [
      "the inbox alone, without a default chat",
      { ...chat, defaultChat: undefined },
      ["web:owner"],
      ["web_inbox"],
    ],
    ["the inbox alone, without a bot", { ...chat, bot: undefined }, ["web:owner"], ["web_inbox"]],
  ])("asks %s", (_, telegram, people, endpoints) => {
    const result = eitherPolicy(telegramPolicy(telegram), webPolicy(people)).defaultRecipients();
    expect(result.kind === "recipients" && result.recipients.map(({ endpoint }) => endpoint)).toEqual(
      endpoints,
    );
  });

  it("says what is missing in the channel's words, if there is no one to ask", () => {
    const policy = eitherPolicy(telegramPolicy({ ...chat, bot: undefined }), webPolicy([]));
    expect(policy.defaultRecipients()).toEqual({ kind: "no_account" });
    expect([policy.isOpen, policy.settingNames.account]).toEqual([false, "TELEGRAM_BOT_TOKEN"]);
  });

  it("gives no one a right at the other's recipient", () => {
    const policy = eitherPolicy(telegramPolicy(chat), webPolicy(["web:owner"]));
    expect(policy.mayAnswer([inbox.endpoint], "web:owner", undefined)).toBe(true);
    expect(policy.mayAnswer(["telegram_42_7"], "telegram:7", undefined)).toBe(true);
    expect(policy.mayAnswer(["telegram_42_7"], "web:owner", undefined)).toBe(false);
    expect(policy.mayAnswer([inbox.endpoint], "telegram:7", undefined)).toBe(false);
    expect([
      policy.allows("telegram_42_7"),
      policy.allows(inbox.endpoint),
      policy.allows("telegram_42_8"),
    ]).toEqual([true, true, false]);
  });
});

it("reads a recipient as /v1/sessions writes it, and writes it back", () => {
  const { schema } = webRecipientFormat;
  const written = schema.parse({ channel: "web", responders: ["web:Alice@Example.com", "group:Deployers"] });
  const { address, responderIds } = webRecipientFormat.read(written);
  const result = webPolicy([]).recipientAt(address, responderIds);
  if (result.kind !== "recipient") throw new Error(result.kind);
  expect(webRecipientFormat.write(result.recipient)).toEqual({
    channel: "web",
    responders: ["web:alice@example.com", "group:Deployers"],
  });
  expect(
    webRecipientFormat.write({ channel: "telegram", endpoint: "telegram_1_2", responders: [] }),
  ).toBeUndefined();
  expect(schema.safeParse({ channel: "web", responders: ["telegram:7"] }).success).toBe(false);
});
