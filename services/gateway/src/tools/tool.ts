import type { RequestDetails } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Refused } from "../tool-error.ts";
import type { ToolSchema } from "./json-schema.ts";

/** What is true of a tool, in the protocol's words. */
interface ToolAnnotations {
  readonly title: string;
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** A tool as `tools/list` shows it: plain JSON, made once. */
export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputSchema: ToolSchema;
  readonly outputSchema: ToolSchema;
}

/** Who calls, as the connection tells it. */
export interface Caller {
  /** The MCP client's name. */
  readonly clientName?: string | undefined;
  /** The id of the API key that the call came with; absent where none is needed. */
  readonly keyId?: string | undefined;
  /** W3C trace context. */
  readonly traceparent?: string | undefined;
  /** Whom this connection may ask, and asks by default; absent: the gateway's own. */
  readonly policy?: RecipientPolicy | undefined;
  /** Aborted when nobody listens to the answer any more: ends a wait, and nothing else (I6). */
  readonly signal: AbortSignal;
  /** Hears how a wait goes on; absent when nobody asked for it. */
  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;
}

export interface WaitProgress {
  /** Seconds waited; grows with each report. */
  readonly progress: number;
  readonly total: number;
  readonly message: string;
}

/** What a tool found out, before any protocol words it. */
export type ToolOutcome =
  | { readonly kind: "request"; readonly request: RequestDetails }
  | {
      readonly kind: "page";
      readonly requests: readonly RequestDetails[];
      readonly nextCursor?: string | undefined;
    }
  | Refused;

export interface Tool {
  readonly definition: ToolDefinition;
  /** @throws Unavailable when the log or the store does not answer. */
  run(given: unknown, caller: Caller): Promise<ToolOutcome>;
}
