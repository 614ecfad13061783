import { person } from "@loopgate/testing";
import { afterAll, expect, it } from "vitest";
import { chat, startTestEmbedded } from "./support/embedded.ts";

const embedded = await startTestEmbedded();
afterAll(() => embedded[Symbol.asyncDispose]());

let calls = 0;

/** A new trace for each test. */
function aTrace() {
  const trace = String((calls += 1)).padStart(32, "a");
  return { trace, traceparent: `00-${trace}-00f067aa0ba902b7-01` };
}

/** Calls a tool within a trace, and returns the id of its request. */
async function call(name: string, given: object, traceparent?: string): Promise<string> {
  const meta = traceparent === undefined ? {} : { _meta: { traceparent } };
  const body = { method: "tools/call", params: { name, arguments: given, ...meta }, id: 1 };
  const response = await fetch(`${embedded.url}/mcp`, { method: "POST", body: JSON.stringify(body) });
  const { result } = (await response.json()) as {
    result: { structuredContent: { request_id: string } };
  };
  return result.structuredContent.request_id;
}

/** The events of this request, as `<type of event> <traceparent>`. */
const tracesOf = (request: string): string[] =>
  embedded
    .events()
    .filter(({ subject }) => subject === request)
    .map(({ type, traceparent }) => `${type.split(".").slice(1, 3).join(".")} ${traceparent}`);

/** The log lines of this request: their messages and traces. */
function linesOf(request: string): { readonly trace: unknown; readonly msg: unknown }[] {
  const lines = embedded.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter((line) => line["request"] === request).map(({ trace, msg }) => ({ trace, msg }));
}

const question = { message: "May I?", request_type: "confirmation" };
const newest = () => embedded.telegram.messagesIn(chat).at(-1);

it("is passed from the call through the press to the decision and its readers, in events and log lines", async () => {
  const { trace, traceparent } = aTrace();

  const request = await call("request_human_input", question, traceparent);
  await expect.poll(() => tracesOf(request)).toHaveLength(2);
  embedded.telegram.press(person(chat), newest()!, "Approve");
  await expect.poll(() => newest()?.text).toContain("Approved");

  const traced = ["request.created", "request.delivered", "request.decided"];
  await expect.poll(() => tracesOf(request)).toEqual(traced.map((type) => `${type} ${traceparent}`));
  const messages = ["accepted", "call", "delivered", "a person answered", "copy closed"];
  await expect
    .poll(() => linesOf(request))
    .toEqual(expect.arrayContaining(messages.map((msg) => ({ trace, msg }))));
  expect(linesOf(request).every((line) => line.trace === trace)).toBe(true);
});

it("is passed on to an undelivered message, and to the expiry", async () => {
  const { trace, traceparent } = aTrace();
  const description = "Forbidden: bot was blocked by the user";
  embedded.telegram.faults.add("sendMessage", { kind: "refuse", code: 403, description }, 1);

  const request = await call("request_human_input", { ...question, timeout_seconds: 1 }, traceparent);

  const traced = ["request.created", "request.undelivered", "timer.due", "request.decided"];
  await expect.poll(() => tracesOf(request)).toEqual(traced.map((type) => `${type} ${traceparent}`));
  await expect
    .poll(() => linesOf(request))
    .toEqual(expect.arrayContaining(["undelivered", "expired"].map((msg) => ({ trace, msg }))));
});

it("stays that of the question when another call cancels it", async () => {
  const [asked, cancelled] = [aTrace(), aTrace()];

  const request = await call("request_human_input", question, asked.traceparent);
  await expect.poll(() => tracesOf(request)).toHaveLength(2);
  await call("cancel_request", { request_id: request }, cancelled.traceparent);

  expect(tracesOf(request).at(-1)).toBe(`request.decided ${asked.traceparent}`);
  expect(linesOf(request)).toContainEqual({ trace: asked.trace, msg: "cancelled" });
  expect(linesOf(request)).toContainEqual({ trace: cancelled.trace, msg: "call" });
});

it("is absent if the caller sends none", async () => {
  const request = await call("request_human_input", question);
  await expect.poll(() => tracesOf(request)).toHaveLength(2);
  expect(tracesOf(request)).toContain("request.created undefined");
  expect(linesOf(request)).toContainEqual({ trace: undefined, msg: "accepted" });
});

it.each([
  ["/mcp", { method: "tools/call", params: { name: "request_human_input", arguments: question }, id: 1 }],
  [
    "/mcp",
    {
      jsonrpc: "2.0",
      method: "tools/call",
      params: { name: "request_human_input", arguments: question },
      id: 1,
    },
  ],
  ["/hitl/request", { session_id: "s", client_id: "c", message: "May I?" }],
])("is read from the HTTP header, too: POST %s %j", async (path, body) => {
  const { traceparent } = aTrace();

  await fetch(`${embedded.url}${path}`, {
    method: "POST",
    headers: { traceparent, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });

  const created = embedded.events().filter(({ type }) => type === "loopgate.request.created.v1");
  expect(created.at(-1)?.traceparent).toBe(traceparent);
});
