import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { creationTag } from "@loopgate/contracts";
import { callRoute, type InboxPage, person, spendLink } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { chat, startTestEmbedded, type TestEmbedded } from "./support/embedded.ts";

const noBot = { TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "" };

/** A request as a tool returns it. */
interface View {
  readonly [name: string]: unknown;
  readonly request_id: string;
  readonly created_at: string;
}

async function callTool({ url }: TestEmbedded, name: string, args: object): Promise<View> {
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
  const headers = { accept: "application/json" };
  const { body } = await callRoute(url, "POST /mcp", { headers, body: call });
  return (body["result"] as { structuredContent: View }).structuredContent;
}

/** Asks for an approval, and returns what the inbox needs to answer it. */
async function ask(embedded: TestEmbedded) {
  const question = { message: "Deploy?", request_type: "confirmation" };
  const view = await callTool(embedded, "request_human_input", question);
  const { request_id: id, created_at } = view;
  return { id, view, tag: creationTag(id, created_at) };
}

const decide = (page: InboxPage, { id, tag }: Awaited<ReturnType<typeof ask>>, option = "Approve") =>
  page.call(`POST /v1/requests/${id}/decision`, { option, tag });

describe("without a bot", () => {
  it("a question is answered in the browser, and the waiting call returns", async () => {
    await using embedded = await startTestEmbedded(noBot);
    const page = await embedded.signIn();
    const asked = await ask(embedded);
    expect(asked.view).toMatchObject({ status: "pending", delivery: "delivered" });
    const waiting = callTool(embedded, "check_request_status", { request_id: asked.id, wait_seconds: 40 });
    expect(await decide(page, asked)).toMatchObject({ status: 200, body: { approved: true } });
    expect(await waiting).toMatchObject({
      approved: true,
      decided_by: {
        id: "web:owner",
        name: "Sam",
        channel: "web",
        person: "p_owner",
        auth: "local",
      },
    });
  });

  it("the page reads by the routes of programs, as the person", async () => {
    await using embedded = await startTestEmbedded(noBot);
    const page = await embedded.signIn();
    const { id } = await ask(embedded);
    expect(await page.call(`GET /v1/requests/${id}`)).toMatchObject({
      status: 200,
      body: { can_answer: true },
    });
    expect((await page.call("GET /v1/me")).body).toMatchObject({ roles: ["admin", "auditor", "responder"] });
  });

  it("T1: no program answers, whether or not it has a key", async () => {
    await using embedded = await startTestEmbedded(noBot);
    const asked = await ask(embedded);
    const route = `POST /v1/requests/${asked.id}/decision`;
    const body = { option: "Approve", tag: asked.tag };
    for (const headers of [{}, { "x-api-key": `lk_pub_${"0".repeat(64)}` }, { origin: embedded.url }])
      expect(await callRoute(embedded.url, route, { headers, body })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    expect((await callTool(embedded, "check_request_status", { request_id: asked.id }))["status"]).toBe(
      "pending",
    );
  });

  it("T3: the secrets of the page count only together, and never as a program's", async () => {
    await using embedded = await startTestEmbedded(noBot);
    const page = await embedded.signIn();
    const { id } = await ask(embedded);
    for (const missing of ["cookie", "loopgate-page-key"])
      expect((await page.call(`GET /v1/requests/${id}`, undefined, { [missing]: "" })).status).toBe(401);
    expect((await page.call("POST /v1/requests", { message: "m" }, { "loopgate-page-key": "" })).status).toBe(
      401,
    );
  });

  it("people are named by LOOPGATE_WEB_RESPONDERS in place of the owner", async () => {
    await using embedded = await startTestEmbedded({ ...noBot, LOOPGATE_WEB_RESPONDERS: "group:deployers" });
    const page = await embedded.signIn();
    const asked = await ask(embedded);
    expect(await decide(page, asked)).toMatchObject({ status: 403, body: { code: "not_a_responder" } });
  });

  it("and without the inbox, there is no one to ask, and nothing to sign in to", async () => {
    await using embedded = await startTestEmbedded({ ...noBot, LOOPGATE_INBOX: "off" });
    expect(await callTool(embedded, "request_human_input", { message: "m" })).toMatchObject({
      error: { code: "no_recipient" },
    });
    expect((await spendLink(`${embedded.url}/#code=${"0".repeat(32)}`)).status).toBe(404);
    expect((await callRoute(embedded.url, "GET /v1/me")).status).toBe(404);
  });
});

describe("beside a bot", () => {
  it("T2: the inbox shows every question, and takes no answer", async () => {
    await using embedded = await startTestEmbedded();
    const page = await embedded.signIn();
    const asked = await ask(embedded);
    expect(await page.call(`GET /v1/requests/${asked.id}`)).toMatchObject({
      status: 200,
      body: { can_answer: false, status: "pending" },
    });
    expect(await decide(page, asked)).toMatchObject({ status: 403, body: { code: "not_a_responder" } });
  });

  it("T2: nor does it take one to a question that it asked before", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "loopgate-inbox-"));
    const answering = await startTestEmbedded({ ...noBot, LOOPGATE_DATA_DIR: folder.path });
    const asked = await ask(answering);
    await answering[Symbol.asyncDispose]();
    const shows = { ...noBot, LOOPGATE_DATA_DIR: folder.path, LOOPGATE_INBOX: "show" };
    await using embedded = await startTestEmbedded(shows);
    const page = await embedded.signIn();
    expect((await page.call(`GET /v1/requests/${asked.id}`)).body).toMatchObject({ can_answer: false });
    expect((await decide(page, asked)).status).toBe(403);
  });

  it("with LOOPGATE_INBOX=answer both are asked, and the first answer counts for both", async () => {
    await using embedded = await startTestEmbedded({ LOOPGATE_INBOX: "answer" });
    const page = await embedded.signIn();
    const asked = await ask(embedded);
    const messages = () => embedded.telegram.messagesIn(chat);
    await expect.poll(() => messages()).toHaveLength(1);
    expect((await decide(page, asked, "Deny")).status).toBe(200);
    await expect.poll(() => messages()[0]?.text).toContain("Denied");
    expect(messages()[0]?.text).toContain("Sam");
  });

  it("an answer in the chat is the winner that the browser is told", async () => {
    await using embedded = await startTestEmbedded({ LOOPGATE_INBOX: "answer" });
    const page = await embedded.signIn();
    const asked = await ask(embedded);
    await expect.poll(() => embedded.telegram.messagesIn(chat)).toHaveLength(1);
    embedded.telegram.press(person(chat), embedded.telegram.messagesIn(chat)[0]!, "Approve");
    await expect
      .poll(
        async () => (await callTool(embedded, "check_request_status", { request_id: asked.id }))["status"],
      )
      .toBe("decided");
    expect(await decide(page, asked, "Deny")).toMatchObject({
      status: 409,
      body: { code: "already_decided", request: { approved: true, decided_by: { channel: "telegram" } } },
    });
  });
});
