import type { RequestDetails, RequestView } from "@loopgate/contracts";
import { expect, it } from "vitest";
import { refused } from "../tool-error.ts";
import { toolResult } from "./result.ts";

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

const sentenceOf = (view: Partial<RequestView>) =>
  toolResult({ kind: "request", request: known(view) }).content[1]?.text;

it("says the same for programs and for models", () => {
  const { content, structuredContent, isError } = toolResult({ kind: "request", request: known() });
  expect(structuredContent).toEqual(pending);
  expect(JSON.parse(content[0]?.text ?? "")).toEqual(pending);
  expect(isError).toBeUndefined();
});

it.each([
  [{}, /^A person has not answered yet; check_request_status with request_id 019ab3f0-\S+ tells the answer/],
  [{ delivery: "undelivered" }, /^Nobody could be reached; .* until 2026-11-24T10:05:00.000Z/],
  [{ status: "decided", outcome: "denied" }, /^A person decided this request \(denied\)/],
  [{ status: "expired" }, /^Nobody answered in time, and that is no approval/],
  [{ status: "cancelled" }, /^The question was withdrawn, and that is no approval/],
] as const)("tells a model what %j means", (view, sentence) => {
  expect(sentenceOf(view)).toMatch(sentence);
});

it("lists one line a request, with cut messages that say so", () => {
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

it("words a refusal as an error with its code and the request that is why", () => {
  const result = toolResult(refused("already_decided", "Too late.", pending));
  expect(result).toEqual({
    isError: true,
    structuredContent: { error: { code: "already_decided", message: "Too late.", request: pending } },
    content: [
      { type: "text", text: JSON.stringify(result.structuredContent) },
      { type: "text", text: "Too late." },
    ],
  });
});
