import { hash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type LoopgateClient, LoopgateError } from "@loopgate/client";
import { ProtocolError } from "@modelcontextprotocol/client";
import { freePorts, person, type ShownMessage } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const alice = person(7);
const apiKey = `lk_pub_${"5".repeat(64)}`;
const keyed = { id: "agent", hash: `sha256:${hash("sha256", apiKey)}`, scopes: ["request"] };
const keys = await temporaryDirectory();
const keysFile = join(keys.path, "keys.json");
await writeFile(keysFile, JSON.stringify([keyed]));
const [port] = await freePorts(1);
const setting = useLoopgate({
  // The same one after a restart.
  SERVER_PORT: String(port),
  LOOPGATE_API_KEYS_FILE: keysFile,
  LOOPGATE_MIN_TIMEOUT_SECONDS: "1",
});
const target = (key = apiKey) => ({ url: `${setting.loopgate.url}/mcp`, apiKey: key });
let loopgate: LoopgateClient;
beforeAll(async () => {
  loopgate = connect(target());
  await loopgate.initialize("deployer", "1.0.0");
});
afterAll(async () => {
  await loopgate.close();
  await keys[Symbol.asyncDispose]();
});

const messagesWith = (text: string): readonly ShownMessage[] =>
  setting.telegram.messagesIn(7).filter((message) => message.text.includes(text));

async function shown(text: string): Promise<ShownMessage> {
  await expect.poll(() => messagesWith(text)).toHaveLength(1);
  return messagesWith(text)[0]!;
}

const statusOf = async (request_id: string) =>
  (await loopgate.callTool("check_request_status", { request_id })).structuredContent;

describe("ask", () => {
  it("waits for the person and returns the request", async () => {
    const asking = loopgate.ask({
      message: `${textCanary} release`,
      options: ["Ship", { label: "Wait", value: "later", effect: "deny" }],
      metadata: { build: 42 },
    });
    setting.telegram.press(alice, await shown("release"), "Wait");
    expect(await asking).toMatchObject({
      status: "decided",
      approved: false,
      response: "later",
      client_id: "deployer",
      decided_by: { id: "telegram:7" },
    });
    expect(messagesWith("release")[0]!.text).toContain("42");
  });

  it("survives a kill -9 of the gateway in the middle of the wait: one answer, asked once", async () => {
    const question = { message: `${textCanary} survive`, requestType: "confirmation" } as const;
    const asking = loopgate.ask({ ...question, idempotencyKey: "survive" });
    const message = await shown("survive");
    const again = () => loopgate.submit({ ...question, idempotencyKey: "survive" });
    await expect.poll(again).toMatchObject({ delivery: "delivered" });
    await setting.loopgate.kill();
    setting.telegram.press(alice, message, "Approve");
    await setting.restart();
    expect(await asking).toMatchObject({ status: "decided", approved: true });
    expect(messagesWith("survive")).toHaveLength(1);
  });

  it("is kept by its key: another client that asks the same gets the same answer", async () => {
    const question = { message: `${textCanary} keyed`, idempotencyKey: "job-1" };
    const abandoned = loopgate.submit(question);
    setting.telegram.reply(alice, await shown("keyed"), "blue");
    await using restarted = connect(target());
    await restarted.initialize("deployer", "1.0.1");
    expect(await restarted.ask(question)).toMatchObject({
      request_id: (await abandoned).request_id,
      response: "blue",
    });
    expect(messagesWith("keyed")).toHaveLength(1);
    await expect(restarted.ask({ ...question, message: "Something else?" })).rejects.toMatchObject({
      name: "LoopgateError",
      code: "idempotency_conflict",
    });
  });

  it("never reads silence as approval", async () => {
    const question = { message: `${textCanary} silence`, requestType: "confirmation" } as const;
    expect(await loopgate.ask({ ...question, timeoutSeconds: 1 })).toMatchObject({
      status: "expired",
      approved: false,
    });
  });

  it("stops waiting on an abort and leaves the question open", async () => {
    const stop = new AbortController();
    const asking = loopgate.ask({ message: `${textCanary} abort`, idempotencyKey: "abort" }, stop);
    const message = await shown("abort");
    stop.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
    const { request_id } = await loopgate.submit({ message: `${textCanary} abort`, idempotencyKey: "abort" });
    expect(await statusOf(request_id)).toMatchObject({ status: "pending" });
    setting.telegram.reply(alice, message, "still here");
    expect(await loopgate.waitFor(request_id)).toMatchObject({ response: "still here" });
    await expect(loopgate.ask({ message: "never" }, stop)).rejects.toThrow("enough");
    expect(messagesWith("never")).toHaveLength(0);
  });

  it("throws what Loopgate refuses", async () => {
    const refused = await loopgate.ask({ message: "" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LoopgateError);
    expect(refused).toMatchObject({
      code: "invalid_arguments",
      message: expect.stringMatching(/message: must have/),
    });
    await expect(loopgate.ask({ message: "x", metadata: { big: 1n } })).rejects.toThrow(TypeError);
    await expect(loopgate.waitFor("nope")).rejects.toMatchObject({ code: "not_found" });
    await expect(loopgate.callTool("nope", {})).rejects.toBeInstanceOf(ProtocolError);
  });
});

it("a key that Loopgate does not know is refused at once", async () => {
  const stranger = connect(target(`lk_pub_${"6".repeat(64)}`));
  await expect(stranger.initialize("stranger", "1.0.0")).rejects.toMatchObject({
    name: "LoopgateError",
    code: "unauthorized",
    message: expect.stringContaining("apiKey"),
  });
});

describe("cancel", () => {
  it("withdraws a question: who waits is told, and it is no approval", async () => {
    const question = { message: `${textCanary} withdrawn`, requestType: "confirmation" } as const;
    const { request_id } = await loopgate.submit(question);
    const waiting = loopgate.waitFor(request_id);
    const cancelled = await loopgate.cancel(request_id, "the build failed");
    expect(cancelled).toMatchObject({ status: "cancelled", approved: false, reason: "the build failed" });
    expect(await waiting).toMatchObject({ status: "cancelled", approved: false });
    expect(await loopgate.cancel(request_id)).toMatchObject({ status: "cancelled" });
  });

  it("that comes too late throws the winner", async () => {
    const { request_id } = await loopgate.submit({ message: `${textCanary} too late` });
    setting.telegram.reply(alice, await shown("too late"), "done");
    await loopgate.waitFor(request_id);
    await expect(loopgate.cancel(request_id)).rejects.toMatchObject({
      code: "already_decided",
      request: { response: "done" },
    });
  });
});

describe("as the original's client", () => {
  it("lists tools, and asks with sessionId, clientId, message, options and metadata", async () => {
    expect((await loopgate.listTools()).map(({ name }) => name)).toContain("request_human_input");
    const view = await loopgate.sendHITLRequest("s", "c", `${textCanary} hitl`, ["A", "B"], { k: 1 });
    expect(view).toMatchObject({
      status: "pending",
      request_type: "choice",
      session_id: "s",
      client_id: "c",
    });
    await loopgate.cancel(view.request_id);
  });

  it("ends its waits when it is closed, and leaves the question open", async () => {
    const other = connect(target());
    await expect(other.listTools()).rejects.toThrow("initialize(name, version) first");
    await other.initialize("other", "1.0.0");
    const { request_id } = await other.submit({ message: `${textCanary} closed` });
    const waiting = other.waitFor(request_id).catch(String);
    await other.close();
    expect(await waiting).toContain("closed");
    await expect(other.listTools()).rejects.toThrow("closed");
    expect(await loopgate.cancel(request_id)).toMatchObject({ status: "cancelled" });
  });
});

describe("without a gateway", () => {
  it("says so at once at the start, and an abort ends what goes on trying", async () => {
    const nowhere = connect({ url: "http://127.0.0.1:1/mcp" });
    await expect(nowhere.initialize("nobody", "1.0.0")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/start it, or correct its address/),
    });
    await setting.loopgate.kill();
    const stop = new AbortController();
    const asking = loopgate.ask({ message: "is anybody there?" }, stop);
    stop.abort(new Error("nobody"));
    await expect(asking).rejects.toThrow("nobody");
    await expect(loopgate.callTool("list_pending_requests", {})).rejects.toMatchObject({
      code: "unavailable",
    });
    await setting.restart();
  });
});
