import { person } from "@loopgate/testing";
import { describe, expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const alice = person(7);
const setting = useLoopgate();

describe("the first question", () => {
  it("is answered as the README says: curl, a press, the status", async () => {
    const response = await fetch(`${setting.loopgate.url}/mcp`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"method":"tools/call","params":{"name":"request_human_input","arguments":{"session_id":"test","client_id":"test","message":"Test message"}},"id":"1"}',
    });
    const answer = (await response.json()) as {
      id: string;
      result: { structuredContent: { request_id: string; status: string } };
    };
    expect(answer).toMatchObject({ id: "1", result: { structuredContent: { status: "pending" } } });
    await expect.poll(() => setting.telegram.messagesIn(7)).toHaveLength(1);
    const message = setting.telegram.messagesIn(7)[0]!;
    expect(message.text).toContain("Test message");
    setting.telegram.reply(alice, message, "looks good");
    const view = await viewFrom(setting.loopgate.url, "check_request_status", {
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
    const asked = await viewFrom(setting.loopgate.url, "request_human_input", {
      message: "Restart?",
      request_type: "confirmation",
    });
    await expect.poll(() => setting.telegram.messagesIn(7)).toHaveLength(2);
    const message = setting.telegram.messagesIn(7)[1]!;
    const waiting = viewFrom(setting.loopgate.url, "check_request_status", {
      request_id: asked.request_id,
      wait_seconds: 20,
    });
    setting.telegram.press(alice, message, "Approve");
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
