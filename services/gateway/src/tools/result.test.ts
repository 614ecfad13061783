import { type RequestDetails, type RequestView, webInbox } from "@loopgate/contracts";
import { describe, expect, it } from "vitest";
import { apiError } from "@loopgate/rest";
import { cutTo, toolResult } from "./result.ts";
import type { ToolOutcome } from "./tool.ts";

const pending: RequestView = {
  request_id: "019ab3f0-7c00-7000-8000-000000000001",
  status: "pending",
  request_type: "input",
  session_id: "s",
  client_id: "c",
  message: "m",
  created_at: "2026-11-24T10:00:00.000Z",
  expires_at: "2026-11-24T10:05:00.000Z",
  delivery: "queued",
  approved: null,
  poll_after_seconds: 5,
};

const known = (view: Partial<RequestView> = {}): RequestDetails => ({
  view: { ...pending, ...view },
  fingerprint: "f",
  options: [],
  recipients: [],
});

const telegram = { channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] };
const inInbox = (responder: string) => ({ ...webInbox, responders: [responder] });

const sentenceOf = (view: Partial<RequestView>) =>
  toolResult({ kind: "request", request: known(view) }).content[1]?.text;

it("contains the same for programs and for models, but for the caller's own texts", () => {
  const { content, structuredContent, isError } = toolResult({ kind: "request", request: known() });
  expect(structuredContent).toEqual(pending);
  const { message: _, ...rest } = pending;
  expect(JSON.parse(content[0]?.text ?? "")).toEqual(rest);
  expect(isError).toBeUndefined();
});

it.each([
  [{}, /^No person has answered yet\. check_request_status with request_id 019ab3f0-\S+ returns the answer/],
  [
    { delivery: "undelivered" },
    /^The question could not be delivered to anyone\. .* until 2026-11-24T10:05:00.000Z/,
  ],
  [{ status: "decided", outcome: "denied" }, /^A person decided this request \(denied\)/],
  [{ status: "expired" }, /^No person answered in time, which is not an approval/],
  [{ status: "cancelled" }, /^The question was withdrawn, which is not an approval/],
] as const)("explains %j to a model", (view, sentence) => {
  expect(sentenceOf(view)).toMatch(sentence);
});

it.each([
  ["nothing of where it waits, if a message is sent", [telegram, inInbox("web:owner")], /^No person has/],
  [
    "how its owner opens it",
    [inInbox("web:owner")],
    /^The question waits .* with \.\/loopgate open in a terminal\. No person/,
  ],
  [
    "that it waits in the inbox",
    [inInbox("group:a")],
    /^The question waits in Loopgate's inbox in the browser\. No person/,
  ],
])("says of a question %s", (_, recipients, sentence) => {
  const request = { ...known(), recipients };
  expect(toolResult({ kind: "request", request }).content[1]?.text).toMatch(sentence);
});

it("lists one line per request, and marks cut messages", () => {
  const long = known({ message: `two\nlines ${"x".repeat(300)}` });
  const { content, structuredContent } = toolResult({
    kind: "page",
    requests: [known(), long],
    nextCursor: "next",
  });
  expect(content[0]?.text.split("\n")).toEqual([
    "019ab3f0-7c00-7000-8000-000000000001 | input | queued | expires 2026-11-24T10:05:00.000Z | m",
    expect.stringMatching(/ \| two lines x+…$/),
  ]);
  expect(content[1]?.text).toBe("2 pending requests, and there are more: call again with cursor next.");
  expect(structuredContent).toMatchObject({ count: 2, next_cursor: "next" });
  expect(structuredContent["requests"]).toMatchObject([
    { message: "m", message_truncated: false },
    { message: expect.stringMatching(/^two\nlines x{189}…$/), message_truncated: true },
  ]);
});

it("reports an error with its code and the request whose state is the reason", () => {
  const { message: _, ...shown } = pending;
  const result = toolResult(apiError("already_decided", "Too late.", known()));
  expect(result).toEqual({
    isError: true,
    structuredContent: { error: { code: "already_decided", message: "Too late.", request: pending } },
    content: [
      {
        type: "text",
        text: JSON.stringify({ error: { code: "already_decided", message: "Too late.", request: shown } }),
      },
      { type: "text", text: "Too late." },
    ],
  });
});

describe("a long question", () => {
  const message = `secret ${"x".repeat(16_000)}`;
  const textsOf = (outcome: ToolOutcome) => toolResult(outcome).content.map(({ text }) => text);

  it.each<[string, RequestView]>([
    ["pending", { ...pending, message }],
    ["decided", { ...pending, message, status: "decided", approved: true, response: "yes" }],
    ["cancelled", { ...pending, message, status: "cancelled", reason: "enough" }],
    ["expired", { ...pending, message, status: "expired" }],
  ])("is not repeated as text while the request is %s, nor in an error about it", (_name, view) => {
    const request = { ...known(view), metadata: { ticket: message } };
    for (const outcome of [
      { kind: "request", request } as const,
      apiError("already_decided", "Too late.", request),
    ]) {
      const texts = textsOf(outcome);
      expect(texts.join("")).not.toMatch(/secret|"message":"(?!Too late)|metadata/);
      expect(texts.join("").length).toBeLessThan(1_000);
      expect(texts[0]).toContain(view.status);
    }
    expect(toolResult({ kind: "request", request }).structuredContent["message"]).toBe(message);
  });

  it.each([
    "two\nlines",
    "a\r\nb",
    "a\u2028b\u2029c",
    "a\u0085b",
    "a\vb\fc",
    "a\u001Cb\u001Ec",
    `\n\n${message}`,
  ])("is one line in a list: %j", (text) => {
    const [lines = ""] = textsOf({ kind: "page", requests: [known({ message: text }), known()] });
    expect(lines.split(/[\p{Cc}\u2028\u2029]/u)).toHaveLength(2);
    expect(lines.length).toBeLessThan(500);
  });
});

const family = "👨‍👩‍👧";

it("does not cut a text of the maximum length, whatever its graphemes consist of", () => {
  expect(cutTo(5, "12345")).toBe("12345");
  expect(cutTo(5, family.repeat(5))).toBe(family.repeat(5));
});

it("cuts between graphemes and marks the cut", () => {
  expect(cutTo(5, "123456")).toBe("1234…");
  expect(cutTo(3, family.repeat(4))).toBe(`${family}${family}…`);
});
