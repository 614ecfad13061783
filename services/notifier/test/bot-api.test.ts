import { inspect } from "node:util";
import { createMetrics } from "@loopgate/runtime";
import { FakeTelegram } from "@loopgate/testing";
import { expect, it } from "vitest";
import { createBotApi } from "../src/channels/telegram/api/bot-api.ts";
import { telegramMetrics } from "../src/channels/telegram/metrics.ts";
import { leaksIn, token } from "./support/secrets.ts";

const metrics = telegramMetrics(createMetrics());

it.each([{ kind: "reset_before" }, { kind: "html" }, { kind: "hang" }] as const)(
  "a failed call holds the token nowhere inside its error: $kind",
  async (fault) => {
    await using telegram = await FakeTelegram.start(token);
    const { send } = createBotApi({ token, apiRoot: telegram.apiRoot, callSeconds: 1 }, metrics);
    telegram.fail("getMe", fault);
    const error: unknown = await send.getMe().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Error);
    expect(leaksIn([inspect(error, { depth: Infinity, showHidden: true })])).toEqual([]);
  },
);

it("an unreachable server does not leak the token either", async () => {
  const { send } = createBotApi({ token, apiRoot: "http://127.0.0.1:9" }, metrics);
  const error: unknown = await send.getMe().catch((failure: unknown) => failure);
  expect(leaksIn([inspect(error, { depth: Infinity, showHidden: true })])).toEqual([]);
});
