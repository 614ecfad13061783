import { StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

/** Where Loopgate is: an address of its REST or its MCP interface, or a command that speaks MCP over stdio. */
export type Target =
  | McpTarget
  | {
      /** Such as `http://127.0.0.1:8080/v1`. */
      readonly rest: string | URL;
      /** Sent as `Authorization: Bearer`. */
      readonly apiKey?: string | undefined;
    };

export type McpTarget =
  | {
      /** Such as `http://127.0.0.1:8080/mcp`. */
      readonly url: string | URL;
      /** Sent as `Authorization: Bearer`. */
      readonly apiKey?: string | undefined;
    }
  | {
      /** Such as the absolute path of `loopgate`. */
      readonly command: string;
      readonly args?: readonly string[];
      /** Beside HOME, PATH, USER and their like, which every child gets; nothing else is handed on. */
      readonly env?: Readonly<Record<string, string>>;
    };

/** A new transport of the official client, not yet started. */
export function transportTo(target: McpTarget): Transport {
  if ("command" in target) {
    const { command, args = [], env = {} } = target;
    return new StdioClientTransport({ command, args: [...args], env: { ...env } });
  }
  const { url, apiKey } = target;
  const headers: Record<string, string> = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
}
