import { viewOf } from "@loopgate/domain";
import { createMetrics } from "@loopgate/runtime";
import { telegramEndpoint } from "@loopgate/settings/telegram";
import { Refused } from "@loopgate/testing";
import { beforeEach, expect, it } from "vitest";
import { bucketsOf, connectTelegram } from "../src/index.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, token } from "./support/secrets.ts";

const channel = -1_000_000_000_999;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
  fixture.telegram.chats.broadcasts.add(String(channel));
});

async function takesAnswers(chat: number, thread?: string): Promise<boolean> {
  const { log } = fixture.bus;
  const connected = await connectTelegram({
    api: { token, apiRoot: fixture.telegram.apiRoot, callSeconds: 2 },
    log,
    queries: fixture.queries,
    policies: () => [],
    buckets: await bucketsOf(fixture.bus.keyValue),
    logger: fixture.logger(),
    metrics: createMetrics(),
  });
  const place = { bot, chat: String(chat) };
  return connected.takesAnswers(telegramEndpoint(thread === undefined ? place : { ...place, thread }));
}

it.each([
  ["a channel", channel, false],
  ["a supergroup", -1_000_000_004_500, true],
  ["a group", -4500, true],
  ["a person", 7, true],
])("tells whether %s takes answers", async (_, chat, expected) => {
  expect(await takesAnswers(chat)).toBe(expected);
});

it.each([
  ["a refusal", { kind: "refuse", code: 400, description: "Bad Request: chat not found" }],
  ["a page of a proxy", { kind: "html" }],
  [
    "a rate limit",
    { kind: "refuse", code: 429, description: "Too Many Requests", parameters: { retry_after: 9 } },
  ],
] as const)("takes a chat for one that does after %s", async (_, fault) => {
  fixture.telegram.fail("getChat", fault);
  expect(await takesAnswers(channel)).toBe(true);
});

it.each([
  ["a closed General topic", 400, "Bad Request: TOPIC_CLOSED", "topic_gone"],
  [
    "a channel that the bot may not post to",
    400,
    "Bad Request: need administrator rights in the channel chat",
    "no_rights",
  ],
  [
    "a channel without the bot",
    403,
    "Forbidden: bot is not a member of the channel chat",
    "removed_from_chat",
  ],
  ["a person who blocked the bot", 403, "Forbidden: bot was blocked by the user", "blocked"],
])("an agent reads why no one was asked: %s", async (_, code, description, reason) => {
  fixture.telegram.chats.refusing.set("-4500", new Refused(code, description));
  await fixture.start();
  const created = await fixture.ask({ chats: [[-4500, [7]]] });
  const view = async () => viewOf(await fixture.set(created));
  await expect.poll(async () => (await view())?.delivery).toBe("undelivered");
  expect(await view()).toMatchObject({ delivery_reason: reason });
});
