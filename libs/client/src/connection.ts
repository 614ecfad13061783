import type { RequestView } from "@loopgate/contracts";
import type { CallToolResult, Tool } from "@modelcontextprotocol/client";

/** The calls that return a request, by the names of their tools. */
export type RequestCall = "request_human_input" | "check_request_status" | "cancel_request";

/** A connection to a Loopgate that is opened again after it was lost. */
export interface Connection {
  /** Who asks. */
  readonly name: string;

  /** @throws LoopgateError `unavailable` if Loopgate can't be reached now. */
  open(): Promise<void>;

  /**
   * Calls once, and returns the request.
   * @throws LoopgateError what Loopgate refuses, and `unavailable`
   */
  call(call: RequestCall, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<RequestView>;

  /** Calls a tool once. @throws TypeError if the connection has no tools. */
  callTool(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult>;

  /** @throws TypeError if the connection has no tools */
  listTools(): Promise<readonly Tool[]>;

  close(): Promise<void>;
}
