import { creationTag } from "@loopgate/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, codeOf, signIn, spendCode, type SignedInBrowser, type View } from "./support/browser.ts";
import { startTestEmbedded, type TestEmbedded } from "./support/embedded.ts";

const noBot = { TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "" };
let embedded: TestEmbedded;
let browser: SignedInBrowser;

beforeAll(async () => {
  embedded = await startTestEmbedded(noBot);
  browser = await signIn(embedded);
});
afterAll(() => embedded[Symbol.asyncDispose]());

async function callTool(name: string, args: object): Promise<View> {
  const params = { name, arguments: args };
  const headers = { "content-type": "application/json", accept: "application/json" };
  const { body } = await call(`${embedded.url}/mcp`, "POST", headers, {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params,
  });
  return body.result!.structuredContent;
}

/** Asks for an approval, and returns what the inbox needs to answer it. */
async function ask(timeoutSeconds = 300) {
  const question = { message: "Deploy?", request_type: "confirmation", timeout_seconds: timeoutSeconds };
  const view = await callTool("request_human_input", question);
  const { request_id: id, created_at } = view;
  return { id, view, path: `/v1/requests/${id}/decision`, tag: creationTag(id, created_at) };
}

const statusOf = (id: string) => callTool("check_request_status", { request_id: id });

it("without a bot, a question is answered in the browser, and the waiting call returns", async () => {
  const { id, view, path, tag } = await ask();
  expect(view).toMatchObject({ status: "pending", delivery: "delivered" });
  const waiting = callTool("check_request_status", { request_id: id, wait_seconds: 40 });
  const answer = { option: "Approve", comment: "after six", tag };
  expect(await browser.call("POST", path, answer)).toMatchObject({ status: 200, body: { approved: true } });
  expect(await waiting).toMatchObject({
    approved: true,
    comment: "after six",
    decided_by: { id: "web:owner", name: "Sam", channel: "web", person: "p_owner", auth: "local" },
  });
});

it("a second decision is told who was first", async () => {
  const { path, tag } = await ask();
  await browser.call("POST", path, { option: "Deny", tag });
  expect(await browser.call("POST", path, { option: "Approve", tag })).toMatchObject({
    status: 409,
    body: { code: "already_decided", request: { outcome: "denied", decided_by: { name: "Sam" } } },
  });
});

it("the same decision again is no conflict", async () => {
  const { path, tag } = await ask();
  await browser.call("POST", path, { option: "Approve", tag });
  expect(await browser.call("POST", path, { option: "Approve", tag })).toMatchObject({ status: 200 });
});

describe("no decision is taken", () => {
  const without = (name: string) =>
    Object.fromEntries(Object.entries(browser.headers).filter(([key]) => key !== name));

  it.each<readonly [string, () => Record<string, string>, number]>([
    ["by a cookie without the page key", () => without("loopgate-page-key"), 401],
    ["by a page key without the cookie", () => without("cookie"), 401],
    ["by another page key", () => ({ ...browser.headers, "loopgate-page-key": "0".repeat(64) }), 401],
    [
      "by an API key",
      () => ({ "x-api-key": `lk_pub_${"0".repeat(64)}`, "content-type": "application/json" }),
      403,
    ],
    ["from another port of this host", () => ({ ...browser.headers, origin: "http://127.0.0.1:1" }), 403],
    ["from another site", () => ({ ...browser.headers, "sec-fetch-site": "same-site" }), 403],
    ["by a form", () => ({ ...browser.headers, "content-type": "text/plain" }), 415],
    ["without any credentials", () => ({ "content-type": "application/json" }), 403],
  ])("%s", async (_, headers, status) => {
    const { id, path, tag } = await ask();
    const refused = await call(`${embedded.url}${path}`, "POST", headers(), { option: "Approve", tag });
    expect(refused.status).toBe(status);
    expect(await statusOf(id)).toMatchObject({ status: "pending" });
  });
});

describe("a code", () => {
  it("signs in once", async () => {
    const code = codeOf(await embedded.newLink());
    expect((await spendCode(embedded.url, code)).status).toBe(200);
    expect(await spendCode(embedded.url, code)).toMatchObject({ status: 410, body: { code: "code_used" } });
  });
});
