import type { RequestDetails } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import type { ApiFailure, Caller } from "@loopgate/rest";
import type { ToolSchema } from "./json-schema.ts";

/** The properties of a tool that MCP defines. */
interface ToolAnnotations {
  readonly title: string;
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** A tool as `tools/list` shows it: plain JSON, created once. */
export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputSchema: ToolSchema;
  readonly outputSchema: ToolSchema;
}

/** Who makes a call, and what the connection tells about it. */
export interface CallContext {
  readonly caller: Caller;
  /** The MCP client's name. */
  readonly clientName?: string | undefined;
  readonly userAgent?: string | undefined;
  /** W3C trace context. */
  readonly traceparent?: string | undefined;
  /** The recipients that this connection may ask. Default: the gateway's own. */
  readonly policy?: RecipientPolicy | undefined;
  /** Aborted when the caller disconnects. Ends a wait, and nothing else (I6). */
  readonly signal: AbortSignal;
  /** Receives the progress of a wait; absent if the caller did not ask for it. */
  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;
}

export interface WaitProgress {
  /** Seconds waited so far. */
  readonly progress: number;
  readonly total: number;
  readonly message: string;
}

/** The result of a tool, independent of the protocol that reports it. */
export type ToolOutcome =
  | {
      readonly kind: "request";
      readonly request: RequestDetails;
      /** How many calls have waited for this question, if more than one: earlier callers left before they heard the id. */
      readonly calls?: number;
      /** Of a question: whether this call asked it. */
      readonly isNew?: boolean;
    }
  | {
      readonly kind: "page";
      readonly requests: readonly RequestDetails[];
      readonly nextCursor?: string | undefined;
    }
  | ApiFailure;

export interface Tool {
  readonly definition: ToolDefinition;
  /** @throws Unavailable if the log or the store does not answer. */
  run(given: unknown, context: CallContext): Promise<ToolOutcome>;
}
