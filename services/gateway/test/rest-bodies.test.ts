import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { rest } from "./support/rest.ts";

let gateway: TestGateway;
beforeAll(async () => void (gateway = await startGateway()));
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = (body: unknown, headers?: Record<string, string>) =>
  rest(gateway.url, "POST /v1/requests", { body, ...(headers === undefined ? {} : { headers }) });
const pending = async () => (await rest(gateway.url, "GET /v1/requests")).body.data;

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const options = (count: number) => Array.from({ length: count }, (_, index) => `option ${index}`);

describe("a body that can't be a question asks nothing", () => {
  it.each([
    ["no JSON", "{message:", "", "must be JSON"],
    ["nothing", "", "/message", "is required"],
    ["a list", [], "", "must be an object"],
    ["a text", '"message"', "", "must be an object"],
    ["a number", "7", "", "must be an object"],
    [
      "too many levels",
      `{"message":"m","metadata":{"a":${nested(10_000)}}}`,
      "",
      expect.stringMatching(/nests too deep/),
    ],
    ["a message that is no text", { message: { toString: "m" } }, "/message", "must be a string"],
    [
      "a message without a visible character",
      { message: "\u3164" },
      "/message",
      "must have a visible character",
    ],
    ["a prototype", '{"__proto__":{"message":"m"}}', "/message", "is required"],
    ["an unknown type", { message: "m", request_type: "vote" }, "/request_type", expect.any(String)],
    ["too many options", { message: "m", options: options(51) }, "/options", "must have at most 50 entries"],
    [
      "equal options",
      { message: "m", options: ["Yes", "Yes"] },
      "/options/1",
      expect.stringMatching(/^the label reads like/),
    ],
    [
      "an option's effect",
      { message: "m", options: ["a", { label: "b", effect: "maybe" }] },
      "/options/1",
      expect.any(String),
    ],
    [
      "large metadata",
      { message: "m", metadata: { "a/b~c": "x".repeat(9_000) } },
      "/metadata",
      expect.any(String),
    ],
    [
      "a time that is no number",
      { message: "m", timeout_seconds: "soon" },
      "/timeout_seconds",
      "must be a number of seconds",
    ],
  ])("%s", async (_name, body, pointer, detail) => {
    const answer = await ask(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "invalid_arguments", errors: [{ pointer, detail }] });
    expect(await pending()).toEqual([]);
  });

  it("more than a megabyte", async () => {
    const answer = await ask({ message: "m", metadata: { a: "x".repeat(1_048_577) } });
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/cbor",
  ])("the content type %s, which a web page could send without a preflight", async (type) => {
    const answer = await ask({ message: "m" }, { "content-type": type });
    expect(answer).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    expect(await pending()).toEqual([]);
  });
});

describe("paths and methods that are not served", () => {
  it.each([
    "GET /v1",
    "GET /v1/",
    "GET /v1/unknown",
    "PATCH /v1/requests",
    "DELETE /v1/requests/x",
    "GET /v1/requests/x/y",
  ])("%s", async (route) => {
    const { status, body } = await rest(gateway.url, route);
    expect({ status, code: body.code }).toEqual({ status: 404, code: "not_found" });
  });

  it("a web page of another origin is refused with a problem", async () => {
    const { status, body } = await rest(gateway.url, "GET /v1/requests", {
      headers: { origin: "https://evil.example.com" },
    });
    expect({ status, code: body.code }).toEqual({ status: 403, code: "forbidden" });
  });
});
