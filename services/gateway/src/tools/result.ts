import { isKeyedRequestId, type RequestDetails, type RequestView, webInbox } from "@loopgate/contracts";
import { OWNER } from "@loopgate/settings/web";
import type { ApiError } from "@loopgate/rest";
import type { ListedRequest } from "./outputs.ts";
import type { ToolOutcome } from "./tool.ts";

const LISTED_MESSAGE_GRAPHEMES = 200;

/**
 * A tool's result in MCP: structured for programs, and as text for models, followed by the next step. The text leaves out
 * what the caller itself wrote at length, because many clients put both parts into a model's context.
 */
export interface ToolResult {
  readonly content: { readonly type: "text"; readonly text: string }[];
  readonly structuredContent: Record<string, unknown>;
  readonly isError?: true;
}

export function toolResult(outcome: ToolOutcome): ToolResult {
  switch (outcome.kind) {
    case "request":
      return resultOf({ ...outcome.request.view }, nextStep(outcome.request));
    case "page":
      return pageResult(outcome.requests, outcome.nextCursor);
    case "error":
      return { ...resultOf({ error: errorOf(outcome.error) }, outcome.error.message), isError: true };
  }
}

function resultOf(structuredContent: Record<string, unknown>, sentence: string): ToolResult {
  const text = JSON.stringify(structuredContent, withoutCallersTexts);
  return { content: [textOf(text), textOf(sentence)], structuredContent };
}

/** For `JSON.stringify`: an error's own message stays, the one of its request does not. */
function withoutCallersTexts(this: unknown, name: string, value: unknown): unknown {
  return isView(this) && (name === "message" || name === "metadata") ? undefined : value;
}

const isView = (holder: unknown): boolean =>
  typeof holder === "object" && holder !== null && "request_id" in holder;

function pageResult(requests: readonly RequestDetails[], nextCursor: string | undefined): ToolResult {
  const listed = requests.map(({ view }) => listedOf(view));
  const lines = listed.map(
    (view) =>
      `${view.request_id} | ${view.request_type} | ${view.delivery} | expires ${view.expires_at} | ${oneLine(view.message)}`,
  );
  const next = nextCursor === undefined ? {} : { next_cursor: nextCursor };
  return {
    content: [
      ...(lines.length === 0 ? [] : [textOf(lines.join("\n"))]),
      textOf(pageSentence(listed.length, nextCursor)),
    ],
    structuredContent: { requests: listed, count: listed.length, ...next },
  };
}

function listedOf(view: RequestView): ListedRequest {
  const message = cutTo(LISTED_MESSAGE_GRAPHEMES, view.message);
  return { ...view, message, message_truncated: message !== view.message };
}

function errorOf({ code, message, request }: ApiError) {
  return { code, message, ...(request === undefined ? {} : { request: request.view }) };
}

/** What the state means, and which call helps now. Facts, not instructions, because the model decides. */
function nextStep({ view, recipients }: RequestDetails): string {
  const { request_id, status, outcome, delivery, expires_at } = view;
  switch (status) {
    case "pending":
      return delivery === "undelivered"
        ? `The question could not be delivered to anyone. It stays open until ${expires_at}; cancel_request withdraws it.`
        : `${openStep(recipients)}No person has answered yet. check_request_status with request_id ${request_id} returns the answer; with wait_seconds, it waits for it.`;
    case "decided":
      return `A person decided this request (${outcome ?? "answered"}). The decision is final.`;
    case "expired":
      return `No person answered in time, which is not an approval. ${askAgain(request_id)}`;
    case "cancelled":
      return `The question was withdrawn, which is not an approval. ${askAgain(request_id)}`;
  }
}

/** Nothing is sent to people in the inbox: they must open it by themselves. */
function openStep(recipients: RequestDetails["recipients"]): string {
  const inInbox = recipients.filter(({ channel }) => channel === webInbox.channel);
  if (inInbox.length === 0 || inInbox.length < recipients.length) return "";
  return inInbox.some(({ responders }) => responders.includes(OWNER))
    ? "The question waits in Loopgate's inbox in the browser, which its owner opens with ./loopgate open in a terminal. "
    : "The question waits in Loopgate's inbox in the browser. ";
}

/** The key of a request that has ended never asks again. */
const askAgain = (requestId: string): string =>
  isKeyedRequestId(requestId)
    ? "request_human_input with a new idempotency_key asks again."
    : "request_human_input asks again.";

function pageSentence(count: number, nextCursor: string | undefined): string {
  if (nextCursor !== undefined)
    return `${count} pending requests, and there are more: call again with cursor ${nextCursor}.`;
  if (count === 0) return "No request is pending. request_human_input asks a person.";
  return `${count} pending requests, and no more. check_request_status returns one in full.`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A text of at most `max` graphemes; one that was cut ends with "…". */
export function cutTo(max: number, text: string): string {
  if (text.length <= max) return text;
  const kept: string[] = [];
  for (const { segment } of graphemes.segment(text)) {
    kept.push(segment);
    if (kept.length > max) return `${kept.slice(0, max - 1).join("")}…`;
  }
  return text;
}

const oneLine = (message: string): string => message.replaceAll(/[\p{White_Space}\p{Cc}]+/gu, " ");

const textOf = (text: string) => ({ type: "text", text }) as const;
