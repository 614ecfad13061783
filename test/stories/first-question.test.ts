import { FakeTelegram, person } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const alice = person(7);
let parts: AsyncDisposableStack;
let telegram: FakeTelegram;
let loopgate: RunningLoopgate;

beforeAll(async () => {
  parts = new AsyncDisposableStack();
  telegram = parts.use(await FakeTelegram.start(botToken));
  const { path } = parts.use(await temporaryDirectory());
  loopgate = parts.use(await startLoopgate({ directory: path, apiRoot: telegram.apiRoot }));
});
afterAll(() => parts.disposeAsync());

describe("the first question", () => {
  it("is answered as the README says: curl, a press, the status", async () => {
    const response = await fetch(`${loopgate.url}/mcp`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"method":"tools/call","params":{"name":"request_human_input","arguments":{"session_id":"test","client_id":"test","message":"Test message"}},"id":"1"}',
    });
    const answer = (await response.json()) as {
      id: string;
      result: { structuredContent: { request_id: string; status: string } };
    };
    expect(answer).toMatchObject({ id: "1", result: { structuredContent: { status: "pending" } } });
    await expect.poll(() => telegram.messagesIn(7)).toHaveLength(1);
    const message = telegram.messagesIn(7)[0]!;
    expect(message.text).toContain("Test message");
    telegram.reply(alice, message, "looks good");
    const view = await viewFrom(loopgate.url, "check_request_status", {
      request_id: answer.result.structuredContent.request_id,
      wait_seconds: 20,
    });
    expect(view).toMatchObject({
      status: "decided",
      outcome: "answered",
      response: "looks good",
      approved: null,
    });
  });

  it("with buttons is approved by a press", async () => {
    const asked = await viewFrom(loopgate.url, "request_human_input", {
      message: "Restart?",
      request_type: "confirmation",
    });
    await expect.poll(() => telegram.messagesIn(7)).toHaveLength(2);
    const message = telegram.messagesIn(7)[1]!;
    const waiting = viewFrom(loopgate.url, "check_request_status", {
      request_id: asked.request_id,
      wait_seconds: 20,
    });
    telegram.press(alice, message, "Approve");
    expect(await waiting).toMatchObject({
      status: "decided",
      outcome: "approved",
      approved: true,
      response: "Approve",
      decided_by: { type: "human", id: "telegram:7", name: "Alice Weber" },
    });
    await expect.poll(() => message.text).toContain("✅ Approved");
    expect(message.buttons).toEqual([]);
    expect(message.text).toContain("Restart?");
  });
});
