import type { CallContext } from "../tools/tool.ts";

/** Answers bodies and lines without the member `jsonrpc`, which are not MCP. */
export interface PlainCalls {
  /** One JSON answer; undefined for a notification. */
  answer(body: unknown, context: CallContext): Promise<object | undefined>;
  /** The answer to a body or line that is not JSON. */
  readonly parseError: object;
  /** The answer to a body or line that is JSON and no call. */
  invalidRequest(body: unknown, message?: string): object;
}
