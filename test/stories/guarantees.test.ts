import { metricSeries, person, type ShownMessage } from "@loopgate/testing";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../harness/it.ts";
import { callTool, viewFrom } from "../harness/call.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const [alice, bob, mallory] = [person(7), person(8, "Bob", "Stone"), person(666, "Mallory", "M")];
const group = -100200;
const setting = useLoopgate({
  TELEGRAM_ALLOWED_CHATS: String(group),
  TELEGRAM_RESPONDER_IDS: "7,8",
  LOOPGATE_MIN_TIMEOUT_SECONDS: "1",
});
beforeAll(async () => {
  await post("/hitl/register", { session_id: "ops", client_id: "deployer", telegram_id: group });
});

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${setting.loopgate.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${setting.loopgate.url}${path}`)).json()) as Record<string, unknown>;
}

const waitingCalls = async () => {
  const metrics = await (await fetch(`${setting.loopgate.url}/metrics`)).text();
  return metricSeries(metrics).get("loopgate_waiting_calls");
};

/** The message that shows this text, once it stands in the chat. */
async function messageWith(text: string, chat = 7): Promise<ShownMessage> {
  const find = () => setting.telegram.messagesIn(chat).find((message) => message.text.includes(text));
  await expect.poll(find).toBeDefined();
  return find()!;
}

const ask = (message: string, more: Record<string, unknown> = {}) =>
  viewFrom(setting.loopgate.url, "request_human_input", {
    message: `${textCanary} ${message}`,
    request_type: "confirmation",
    ...more,
  });
const statusOf = (request_id: string, wait_seconds = 0) =>
  viewFrom(setting.loopgate.url, "check_request_status", { request_id, wait_seconds });
const answerTo = (query: string) =>
  expect.poll(() => setting.telegram.answers.find((answer) => answer.query === query)?.text);

describe("only named people decide", () => {
  it("in a group: a member who is not named is refused, a named one decides", async () => {
    const { request_id } = await ask("group question", { session_id: "ops" });
    const message = await messageWith("group question", group);
    await answerTo(setting.telegram.press(mallory, message, "Approve")).toContain("may not answer");
    expect((await statusOf(request_id)).status).toBe("pending");
    setting.telegram.press(bob, message, "Deny");
    expect(await statusOf(request_id, 20)).toMatchObject({
      approved: false,
      decided_by: { id: "telegram:8", name: "Bob Stone" },
    });
  });

  it("a button of one chat pressed in another decides nothing", async () => {
    const { request_id } = await ask("private question");
    const data = (await messageWith("private question")).buttons[0]![0]!.callback_data!;
    await ask("other question", { session_id: "ops" });
    const elsewhere = await messageWith("other question", group);
    await answerTo(setting.telegram.press(alice, elsewhere, { data })).toBeDefined();
    await answerTo(setting.telegram.press(mallory, elsewhere, { data })).toBeDefined();
    expect((await statusOf(request_id)).status).toBe("pending");
  });
});

describe("what is not an approval", () => {
  it.each(["No", "Hold", "Something else"])(
    "the chosen option %s reads as not approved, in MCP and in the façade",
    async (label) => {
      const { request_id } = await ask(`choice of ${label}`, {
        request_type: "choice",
        options: ["Yes", "No", "Hold", "Something else"],
      });
      setting.telegram.press(alice, await messageWith(`choice of ${label}`), label);
      const view = await statusOf(request_id, 20);
      expect(view).toMatchObject({ status: "decided", response: label });
      expect(view.approved).not.toBe(true);
      expect(await get(`/hitl/poll?request_id=${request_id}`)).toMatchObject({
        status: "completed",
        approved: false,
        response: label,
        completed: true,
      });
    },
  );

  it("an option that was not offered decides nothing", async () => {
    const { request_id } = await ask("forged option");
    const message = await messageWith("forged option");
    const genuine = message.buttons[0]![0]!.callback_data!;
    const bytes = Buffer.from(genuine.slice(1, 24), "base64url");
    bytes[16] = 9;
    const data = genuine[0]! + bytes.toString("base64url") + genuine.slice(24);
    await answerTo(setting.telegram.press(alice, message, { data })).toContain("does not exist");
    expect((await statusOf(request_id)).status).toBe("pending");
  });

  it("silence expires, the copy says so, and a press after the end changes nothing", async () => {
    const { request_id } = await ask("silence", { timeout_seconds: 5 });
    const message = await messageWith("silence");
    const data = message.buttons[0]![0]!.callback_data!;
    expect(await statusOf(request_id, 20)).toMatchObject({ status: "expired", approved: false });
    await expect.poll(() => message.text).toContain("⌛ Expired");
    expect(message.text).toContain("silence");
    await answerTo(setting.telegram.press(alice, message, { data })).toContain("Expired");
    expect(await get(`/hitl/poll?request_id=${request_id}`)).toMatchObject({
      status: "timeout",
      approved: false,
      completed: true,
    });
  });

  it("a cancel closes the copy with its reason; cancelling again succeeds, and an answered request is not cancelled", async () => {
    const { request_id } = await ask("withdrawn");
    const message = await messageWith("withdrawn");
    for (const reason of ["no longer needed", "again"]) {
      const view = await viewFrom(setting.loopgate.url, "cancel_request", { request_id, reason });
      expect(view).toMatchObject({ status: "cancelled", approved: false, reason: "no longer needed" });
    }
    await expect.poll(() => message.text).toContain("no longer needed");
    expect(await get(`/hitl/poll?request_id=${request_id}`)).toMatchObject({
      status: "canceled",
      approved: false,
    });
  });
});

describe("one decision", () => {
  it("of two people who press within a moment one decides, the other is told who did", async () => {
    const { request_id } = await ask("race", { session_id: "ops" });
    const message = await messageWith("race", group);
    const queries = [
      setting.telegram.press(alice, message, "Approve"),
      setting.telegram.press(bob, message, "Deny"),
    ];
    const view = await statusOf(request_id, 20);
    await expect
      .poll(() => setting.telegram.answers.filter(({ query }) => queries.includes(query)))
      .toHaveLength(2);
    const [won, lost] = view.decided_by?.id === "telegram:7" ? queries : queries.toReversed();
    expect(setting.telegram.answers.find(({ query }) => query === won)?.text).toMatch(/^Recorded/);
    expect(setting.telegram.answers.find(({ query }) => query === lost)?.text).toContain(
      view.decided_by?.name,
    );
  });

  it("the same submission under one key is one request and one message; other arguments conflict", async () => {
    const submission = { message: `${textCanary} keyed`, idempotency_key: "k1", options: ["A", "B"] };
    const views = await Promise.all(
      Array.from({ length: 20 }, () => viewFrom(setting.loopgate.url, "request_human_input", submission)),
    );
    expect(new Set(views.map((view) => view.request_id)).size).toBe(1);
    await messageWith("keyed");
    const other = await callTool(setting.loopgate.url, "request_human_input", {
      ...submission,
      message: "another",
    });
    expect(other).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "idempotency_conflict" } },
    });
    await ask("after the keyed one");
    await messageWith("after the keyed one");
    expect(setting.telegram.messagesIn(7).filter(({ text }) => text.includes("keyed one")).length).toBe(1);
    expect(
      setting.telegram.messagesIn(7).filter(({ text }) => text.includes(`${textCanary} keyed\n`)).length,
    ).toBe(1);
  });
});

describe("a restart", () => {
  it("keeps open questions, their timers and their buttons; SIGTERM lets waiting calls return", async () => {
    const answered = await ask("answered after a restart", { timeout_seconds: 600 });
    const silent = await ask("expires during the restart", { timeout_seconds: 3 });
    const message = await messageWith("answered after a restart");
    const waiting = statusOf(answered.request_id, 30);
    await expect.poll(waitingCalls).toBe(1);
    expect(await setting.loopgate.stop()).toBe(0);
    expect((await waiting).status).toBe("pending");
    setting.telegram.press(alice, message, "Approve");
    await setting.restart();
    expect(await statusOf(answered.request_id, 20)).toMatchObject({
      approved: true,
      decided_by: { name: "Alice Weber" },
    });
    expect(await statusOf(silent.request_id, 20)).toMatchObject({ status: "expired", approved: false });
    await expect.poll(() => message.text).toContain("✅ Approved");
  });
});
