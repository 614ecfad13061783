import { describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { get, post, refusal, view } from "./support/wire.ts";

const open = { defaultChat: undefined };
const registered = { session_id: "s", client_id: "c", telegram_id: 8 };
const register = (g: TestGateway, body: unknown = registered) => post(`${g.url}/hitl/register`, body);
const deactivate = (g: TestGateway) => post(`${g.url}/hitl/deactivate`, { session_id: "s" });
const status = (g: TestGateway) => get(`${g.url}/hitl/status?session_id=s`);

async function recipientsOf(g: TestGateway, session_id = "s") {
  const { request_id } = await view(g.url, "request_human_input", {
    message: "m",
    session_id,
    client_id: "other",
  });
  const created = await g.requests.created({ tenant: "default", id: request_id });
  return created?.event.data.recipients;
}

describe("a registered session", () => {
  it("routes questions to its chat only", async () => {
    await using g = await startGateway({ policy: open });
    const { status: code, body } = await register(g);
    expect([code, body]).toEqual([
      200,
      { success: true, session_id: "s", message: "Session registered successfully" },
    ]);
    expect(await recipientsOf(g)).toEqual([
      { channel: "telegram", endpoint: "telegram_42_8", responders: ["telegram:8"] },
    ]);
    expect(await refusal(g.url, "request_human_input", { message: "m" })).toMatchObject({
      code: "no_recipient",
    });
  });

  it.each([
    ["a new session", { session_id: "new" }],
    ["a session that was registered at that place before", { session_id: "s" }],
    ["a session with responders", { session_id: "new", responder_ids: [7, 8] }],
    ["a session of another client", { session_id: "new", client_id: "d" }],
  ])("is refused where no person can answer: %s", async (_, changes) => {
    let isBroadcast = false;
    const takesAnswers = async (endpoint: string) => !isBroadcast || endpoint !== "telegram_42_-1009";
    await using g = await startGateway({ policy: { ...open, responders: ["7"] }, takesAnswers });
    const body = { ...registered, telegram_id: "-1009" };
    expect((await register(g, body)).status).toBe(200);
    isBroadcast = true;
    const refused = await register(g, { ...body, ...changes });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({
      error: { code: "invalid_arguments", message: expect.stringContaining("broadcast channel") },
    });
    expect((await register(g, { ...registered, session_id: "other" })).status).toBe(200);
  });

  it.each([
    ["a topic of a group", { telegram_id: -1009, thread_id: 45 }, "telegram_42_-1009_45"],
    ["a topic as text", { telegram_id: "-1009", thread_id: "45" }, "telegram_42_-1009_45"],
    ["a topic of a private chat", { telegram_id: 8, thread_id: 3 }, "telegram_42_8_3"],
    ["the General topic", { telegram_id: -1009, thread_id: 1 }, "telegram_42_-1009"],
  ])("asks in %s", async (_, place, endpoint) => {
    await using g = await startGateway({ policy: { ...open, responders: ["7"] } });
    const body = { ...registered, ...place };
    expect((await register(g, body)).status).toBe(200);
    expect((await register(g, body)).status).toBe(200);
    expect(await recipientsOf(g)).toMatchObject([{ endpoint }]);
    const { body: shown } = await status(g);
    expect(shown.thread_id).toBe(endpoint.split("_")[3] && Number(place.thread_id));
    expect((await register(g, { ...body, thread_id: 46 })).status).toBe(409);
  });

  it.each([
    ["another name for a topic", { message_thread_id: 45 }, "unknown members: message_thread_id"],
    ["two unknown members", { chat: 1, callback_url: "x" }, "unknown members: chat, callback_url"],
    ["a topic below 1", { thread_id: 0 }, "thread_id: must be the id of a topic"],
    ["a topic that is no number", { thread_id: "General" }, "thread_id: must be the id of a topic"],
    ["a topic inside the chat's id", { telegram_id: "8/45" }, "telegram_id: must be a Telegram id"],
  ])("is refused with %s", async (_, more, problem) => {
    await using g = await startGateway({ policy: open });
    const refused = await register(g, { ...registered, ...more });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({
      error: { code: "invalid_arguments", message: expect.stringContaining(problem) },
    });
  });

  it("has a status", async () => {
    await using g = await startGateway({ policy: open });
    await register(g);
    const { status: code, body } = await status(g);
    expect(code).toBe(200);
    expect(body).toEqual({
      id: "s",
      client_id: "c",
      telegram_id: 8,
      active: true,
      created_at: expect.stringMatching(/Z$/),
    });
  });

  it("may be registered again only without changes", async () => {
    await using g = await startGateway({ policy: open });
    const codes = await Promise.all(Array.from({ length: 10 }, async () => (await register(g)).status));
    expect(new Set(codes)).toEqual(new Set([200]));
    const { body } = await status(g);
    for (const other of [
      { ...registered, telegram_id: 9 },
      { ...registered, client_id: "d" },
    ]) {
      const conflict = await register(g, other);
      expect([conflict.status, conflict.body.error.code]).toEqual([409, "session_conflict"]);
    }
    expect((await status(g)).body).toEqual(body);
  });

  it("asks nothing while it is deactivated, and asks again once it is registered again", async () => {
    await using g = await startGateway({ policy: open });
    await register(g);
    const { request_id } = await view(g.url, "request_human_input", { message: "m", session_id: "s" });
    const done = await deactivate(g);
    expect([done.status, done.body]).toEqual([
      200,
      { success: true, message: "Session deactivated successfully" },
    ]);
    expect((await status(g)).body.active).toBe(false);
    const refused = await post(`${g.url}/hitl/request`, { ...registered, message: "m" });
    expect([refused.status, refused.body.error.code]).toEqual([409, "session_inactive"]);
    expect(await view(g.url, "check_request_status", { request_id })).toMatchObject({ status: "pending" });
    await register(g);
    expect((await status(g)).body.active).toBe(true);
    expect(await recipientsOf(g)).toHaveLength(1);
  });

  it("does not use the default chat", async () => {
    await using g = await startGateway({ policy: { allowedChats: ["8"] } });
    await register(g);
    expect((await recipientsOf(g))?.[0]?.endpoint).toBe("telegram_42_8");
    expect((await recipientsOf(g, "unregistered"))?.[0]?.endpoint).toBe("telegram_42_7");
  });

  it("asks nothing in a chat that is no longer allowed", async () => {
    const policy = { bot: "42", defaultChat: undefined, responders: [], allowedChats: ["8"] };
    await using g = await startGateway({ policy });
    await register(g);
    policy.allowedChats.splice(0, 1, "9");
    expect(await refusal(g.url, "request_human_input", { message: "m", session_id: "s" })).toMatchObject({
      code: "no_recipient",
    });
  });
});

describe("a group", () => {
  const group = { ...registered, telegram_id: -1_001_234_567_890 };

  it("needs the ids of those who may answer", async () => {
    await using g = await startGateway({ policy: open });
    const refused = await register(g, group);
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      expect.stringContaining("responder_ids"),
    ]);
    expect((await register(g, { ...group, responder_ids: [7, "8"] })).status).toBe(200);
    expect(await recipientsOf(g)).toEqual([
      {
        channel: "telegram",
        endpoint: "telegram_42_-1001234567890",
        responders: ["telegram:7", "telegram:8"],
      },
    ]);
    expect((await status(g)).body.telegram_id).toBe(-1_001_234_567_890);
    expect((await register(g, { ...group, responder_ids: [8, 7] })).status).toBe(200);
    expect((await register(g, { ...group, responder_ids: [7] })).status).toBe(409);
  });

  it("may take them from the settings", async () => {
    await using g = await startGateway({ policy: { ...open, responders: ["5"] } });
    await register(g, group);
    expect((await recipientsOf(g))?.[0]?.responders).toEqual(["telegram:5"]);
  });
});

describe("a registration", () => {
  it.each([
    [{ defaultChat: "7" }, 8],
    [{ ...open, allowedChats: ["7"] }, 8],
  ])("accepts allowed chats only (%j)", async (policy, telegram_id) => {
    await using g = await startGateway({ policy });
    const refused = await register(g, { ...registered, telegram_id });
    expect([refused.status, refused.body.error.code]).toEqual([403, "recipient_not_allowed"]);
    expect((await register(g, { ...registered, telegram_id: 7 })).status).toBe(200);
  });

  it.each([
    "{",
    {},
    { ...registered, session_id: "" },
    { ...registered, client_id: undefined },
    { ...registered, telegram_id: 0 },
    { ...registered, telegram_id: 1.5 },
    { ...registered, telegram_id: "me" },
    { ...registered, responder_ids: [-5] },
    { ...registered, responder_ids: "7" },
    { ...registered, responder_ids: [7, 1_087_968_824] },
  ])("refuses %j", async (body) => {
    await using g = await startGateway({ policy: open });
    const refused = await register(g, body);
    expect([refused.status, refused.body.error.code]).toEqual([400, "invalid_arguments"]);
  });

  it("fails without a bot", async () => {
    await using g = await startGateway({ policy: { bot: undefined } });
    const refused = await register(g);
    expect([refused.status, refused.body.error.code]).toEqual([404, "no_recipient"]);
  });

  it("of any chat works from this machine only", async () => {
    await using g = await startGateway({ policy: open });
    const payload = JSON.stringify(registered);
    const headers = { host: "localhost" };
    const from = (remoteAddress: string) =>
      g.gateway.app.inject({ method: "POST", url: "/hitl/register", headers, payload, remoteAddress });
    const refused = await from("192.0.2.1");
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, "recipient_not_allowed"]);
    expect((await from("::1")).statusCode).toBe(200);
    expect((await from("::ffff:127.0.0.1")).statusCode).toBe(200);
  });
});

it("a session that was never registered is not found", async () => {
  await using g = await startGateway();
  for (const answer of [await status(g), await deactivate(g)]) {
    expect([answer.status, answer.body.error.code]).toEqual([404, "not_found"]);
  }
  expect((await get(`${g.url}/hitl/status`)).status).toBe(400);
  expect((await post(`${g.url}/hitl/deactivate`, {})).status).toBe(400);
});
