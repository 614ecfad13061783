import type { RequestDetails, RequestView } from "@loopgate/contracts";
import type { Refusal } from "../tool-error.ts";
import { cutTo } from "./cut.ts";
import type { ListedRequest } from "./outputs.ts";
import type { ToolOutcome } from "./tool.ts";

const LISTED_MESSAGE_GRAPHEMES = 200;

/** A tool's result as MCP wants it: for programs, and the same for models with one sentence on what to do next. */
export interface ToolResult {
  readonly content: { readonly type: "text"; readonly text: string }[];
  readonly structuredContent: Record<string, unknown>;
  readonly isError?: true;
}

export function toolResult(outcome: ToolOutcome): ToolResult {
  switch (outcome.kind) {
    case "request":
      return resultOf({ ...outcome.request.view }, nextStep(outcome.request.view));
    case "page":
      return pageResult(outcome.requests, outcome.nextCursor);
    case "refused":
      return { ...resultOf({ error: errorOf(outcome.refusal) }, outcome.refusal.message), isError: true };
  }
}

function resultOf(structuredContent: Record<string, unknown>, sentence: string): ToolResult {
  return { content: [textOf(JSON.stringify(structuredContent)), textOf(sentence)], structuredContent };
}

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

function errorOf({ code, message, request }: Refusal) {
  return { code, message, ...(request === undefined ? {} : { request }) };
}

/** Facts, no orders: what the state means, and which call tells more. */
function nextStep({ request_id, status, outcome, delivery, expires_at }: RequestView): string {
  switch (status) {
    case "pending":
      return delivery === "undelivered"
        ? `Nobody could be reached; the question stays open until ${expires_at}, and cancel_request withdraws it.`
        : `A person has not answered yet; check_request_status with request_id ${request_id} tells the answer, and waits for it with wait_seconds.`;
    case "decided":
      return `A person decided this request (${outcome ?? "answered"}); no further call changes it.`;
    case "expired":
      return "Nobody answered in time, and that is no approval; request_human_input asks anew.";
    case "cancelled":
      return "The question was withdrawn, and that is no approval; request_human_input asks anew.";
  }
}

function pageSentence(count: number, nextCursor: string | undefined): string {
  if (nextCursor !== undefined)
    return `${count} pending requests, and there are more: call again with cursor ${nextCursor}.`;
  if (count === 0) return "No request is pending; request_human_input asks a person.";
  return `${count} pending, and no more; check_request_status tells all about one of them.`;
}

const oneLine = (message: string): string => message.replaceAll(/\s+/gu, " ");

const textOf = (text: string) => ({ type: "text", text }) as const;
