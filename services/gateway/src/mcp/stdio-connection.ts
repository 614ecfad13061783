import { parseJSONRPCMessage, type Transport } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import { readJson } from "../http/read-json.ts";
import { idIn, isMessage, jsonRpcError } from "./json-rpc.ts";
import { answerPlainCall, brokenJson, type PlainCallParts } from "../legacy/json-calls.ts";
import { mcpServerFactory } from "./server.ts";

/** One client that speaks in lines. */
export interface StdioStream {
  /** What it says, until it hangs up. */
  readonly lines: AsyncIterable<string>;
  /** Tells it something: one JSON text. */
  write(line: string): void;
  /** Hangs up once everything is written: its lines end, too. */
  end(): void;
}

export interface LineConnectionParts extends PlainCallParts {
  /** Whom the questions of this client go to. */
  readonly policy: RecipientPolicy;
  readonly logger: Logger;
}

/**
 * Serves one client over lines, as stdio has them: every protocol revision, plain calls, and an answer also to rubbish.
 * Resolves when it hung up; its waits end then, its questions stay (I6).
 */
export async function serveLines(stream: StdioStream, parts: LineConnectionParts): Promise<void> {
  const { tools, version, policy, logger } = parts;
  const gone = new AbortController();
  const write = (answer: object) => {
    if (!gone.signal.aborted) stream.write(JSON.stringify(answer));
  };
  const transport: Transport = {
    start: async () => undefined,
    send: async (message) => write(message),
    close: async () => stream.end(),
  };
  // An error's message may hold what the client sent.
  const onerror = ({ name }: Error) => logger.debug({ error: name }, "mcp connection");
  const server = serveStdio(mcpServerFactory({ tools, version, policy }), { transport, onerror });
  const answerPlain = async (body: unknown) => {
    const answer = await answerPlainCall(parts, body, { signal: gone.signal, policy });
    if (answer !== undefined) write(answer);
  };
  try {
    for await (const line of stream.lines) {
      if (line.trim() === "") continue;
      const body = readJson(line);
      if (body === undefined) write(brokenJson);
      else if (!isMessage(body.value)) answerPlain(body.value).catch(onerror);
      else if (!deliver(transport, body.value)) write(notOfTheProtocol(body.value));
    }
  } finally {
    gone.abort();
    await server.close();
  }
}

/** False for what calls itself JSON-RPC and is not. */
function deliver(transport: Transport, body: unknown): boolean {
  try {
    transport.onmessage?.(parseJSONRPCMessage(body));
    return true;
  } catch {
    return false;
  }
}

const notOfTheProtocol = (body: unknown) => ({ ...jsonRpcError(-32_600, "Invalid Request"), id: idIn(body) });
