import { describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { rest } from "./support/rest.ts";
import { get, post } from "./support/wire.ts";

const open = { defaultChat: undefined };
const path = "/v1/sessions/deploys%2Feu";
const put = (g: TestGateway, recipient: object, client_id = "ci") =>
  rest(g.url, `PUT ${path}`, { body: { client_id, recipients: [{ channel: "telegram", ...recipient }] } });
const ask = async (g: TestGateway) =>
  rest(g.url, "POST /v1/requests", { body: { message: "m", session_id: "deploys/eu" } });

async function recipientsOf(g: TestGateway) {
  const id: string = (await ask(g)).body.request_id;
  return (await g.requests.created({ tenant: "default", id }))?.event.data.recipients;
}

describe("a session that is put", () => {
  it("asks there, and is returned as it was sent", async () => {
    await using g = await startGateway({ policy: open });
    const recipient = { chat: "-1009", thread: "45", responders: ["telegram:7", "telegram:8"] };
    const created = await put(g, recipient);
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      session_id: "deploys/eu",
      client_id: "ci",
      recipients: [{ channel: "telegram", ...recipient }],
      active: true,
      created_at: expect.stringMatching(/Z$/),
    });
    const again = await put(g, recipient);
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: created.body });
    expect((await rest(g.url, `GET ${path}`)).body).toEqual(created.body);
    expect(await recipientsOf(g)).toEqual([
      { channel: "telegram", endpoint: "telegram_42_-1009_45", responders: ["telegram:7", "telegram:8"] },
    ]);
  });

  it("is the one that /hitl/register registers", async () => {
    await using g = await startGateway({ policy: open });
    await put(g, { chat: "8" }, "c");
    const body = { session_id: "deploys/eu", client_id: "c", telegram_id: 8 };
    expect((await post(`${g.url}/hitl/register`, body)).status).toBe(200);
    expect((await get(`${g.url}/hitl/status?session_id=deploys/eu`)).body).toMatchObject({ telegram_id: 8 });
  });

  it("may ask several places", async () => {
    await using g = await startGateway({ policy: open });
    const recipients = [
      { channel: "telegram", chat: "8" },
      { channel: "telegram", chat: "9" },
    ];
    await rest(g.url, `PUT ${path}`, { body: { client_id: "ci", recipients } });
    expect((await recipientsOf(g))?.map(({ endpoint }) => endpoint)).toEqual([
      "telegram_42_8",
      "telegram_42_9",
    ]);
  });

  it("with other values than before is a conflict", async () => {
    await using g = await startGateway({ policy: open });
    await put(g, { chat: "8" });
    expect(await put(g, { chat: "9" })).toMatchObject({ status: 409, body: { code: "session_conflict" } });
    expect(await put(g, { chat: "8" }, "other")).toMatchObject({ status: 409 });
  });

  it("asks nothing where the operator does not allow it", async () => {
    await using g = await startGateway();
    expect(await put(g, { chat: "9" })).toMatchObject({
      status: 403,
      body: { code: "recipient_not_allowed" },
    });
    expect((await rest(g.url, `GET ${path}`)).status).toBe(404);
  });
});

describe("a session that is deleted", () => {
  it("refuses questions until it is put again", async () => {
    await using g = await startGateway({ policy: open });
    await put(g, { chat: "8" });
    expect(await rest(g.url, `DELETE ${path}`)).toMatchObject({ status: 204, body: undefined });
    expect((await rest(g.url, `GET ${path}`)).body).toMatchObject({ active: false });
    expect(await ask(g)).toMatchObject({ status: 409, body: { code: "session_inactive" } });
    expect((await put(g, { chat: "8" })).body).toMatchObject({ active: true });
    expect((await ask(g)).status).toBe(201);
  });

  it("must exist", async () => {
    await using g = await startGateway();
    expect(await rest(g.url, `DELETE ${path}`)).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

describe("a registration that names no place or person", () => {
  const telegram = (rest: object) => ({
    client_id: "c",
    recipients: [{ channel: "telegram", chat: "8", ...rest }],
  });
  it.each([
    ["no recipients", { client_id: "c", recipients: [] }, "/recipients"],
    ["another channel", { client_id: "c", recipients: [{ channel: "pigeon" }] }, "/recipients/0/channel"],
    ["a number as chat", telegram({ chat: 8 }), "/recipients/0/chat"],
    ["a topic 0", telegram({ thread: "0" }), "/recipients/0/thread"],
    ["a group as responder", telegram({ responders: ["telegram:-1"] }), "/recipients/0/responders/0"],
    ["a service account", telegram({ responders: ["telegram:777000"] }), "/recipients/0/responders/0"],
    ["a member that is not known", telegram({ telegram_id: "9" }), "/recipients/0"],
    ["a member beside the recipients", { ...telegram({}), telegram_id: "9" }, ""],
    ["a group without responders", telegram({ chat: "-1009" }), "/recipients/0/responders"],
  ])("is refused: %s", async (_name, body, pointer) => {
    await using g = await startGateway({ policy: open });
    const answer = await rest(g.url, `PUT ${path}`, { body });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_arguments", errors: [{ pointer }] } });
    expect((await rest(g.url, `GET ${path}`)).status).toBe(404);
  });

  it("is refused where no person can answer", async () => {
    await using g = await startGateway({ policy: open, takesAnswers: async () => false });
    const { body } = await put(g, { chat: "8" });
    expect(body.errors).toEqual([
      { pointer: "/recipients/0", detail: expect.stringContaining("broadcast channel") },
    ]);
  });

  it("is refused for a session id of more than 128 characters", async () => {
    await using g = await startGateway({ policy: open });
    const longest = `PUT /v1/sessions/${encodeURIComponent("👍".repeat(128))}`;
    const body = telegram({});
    expect((await rest(g.url, longest, { body })).status).toBe(201);
    const tooLong = await rest(g.url, `${longest}x`, { body });
    expect(tooLong).toMatchObject({ status: 400, body: { errors: [{ parameter: "session_id" }] } });
  });
});
