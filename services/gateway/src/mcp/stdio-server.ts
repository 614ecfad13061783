import { parseJSONRPCMessage, type Transport } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { DEFAULT_TENANT } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import { parseJson } from "@loopgate/runtime/json";
import { LOCAL_CALLER, type KeyCaller } from "@loopgate/rest";
import type { ToolRegistry } from "../tools/registry.ts";
import { invalidRequest, isMessage, TOO_DEEP } from "./json-rpc.ts";
import type { PlainCalls } from "./plain-calls.ts";
import { mcpServerFactory } from "./server.ts";

/** The connection to one client that sends one JSON value per line. */
export interface StdioStream {
  /** The client's lines, until it disconnects. */
  readonly lines: AsyncIterable<string>;
  /** Sends one JSON text. */
  write(line: string): void;
  /** Closes the connection once everything is written. `lines` ends, too. */
  end(): void;
}

/** A stdio client runs as the operator's user, so it needs no key. */
export const stdioCaller: KeyCaller = {
  tenant: DEFAULT_TENANT,
  kind: "key",
  id: LOCAL_CALLER,
  scopes: ["request"],
};

/** What a stdio client may ask, and who it is. */
export interface StdioClient {
  /** The recipients of its questions. */
  readonly policy: RecipientPolicy;
  /** Tells the projects of one user apart, for idempotency keys; absent for clients that do not name one. */
  readonly project?: string | undefined;
}

export interface StdioServerOptions {
  readonly tools: ToolRegistry;
  readonly plainCalls: PlainCalls;
  readonly version: string;
  readonly logger: Logger;
}

/**
 * Serves clients over lines, as stdio has them: every protocol revision, plain calls, and an error for invalid lines.
 * Disposing disconnects all clients.
 */
export class StdioServer implements AsyncDisposable {
  readonly #tools: ToolRegistry;
  readonly #plainCalls: PlainCalls;
  readonly #version: string;
  readonly #logger: Logger;
  readonly #open = new Map<StdioStream, Promise<void>>();

  constructor({ tools, plainCalls, version, logger }: StdioServerOptions) {
    this.#tools = tools;
    this.#plainCalls = plainCalls;
    this.#version = version;
    this.#logger = logger;
  }

  /** Serves a client. Resolves when either side has disconnected. */
  async serve(stream: StdioStream, client: StdioClient): Promise<void> {
    const served = this.#serve(stream, client).catch((error: unknown) => {
      this.#logger.debug({ err: error }, "a connection failed");
      stream.end();
    });
    this.#open.set(stream, served);
    await served;
    this.#open.delete(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#open.keys()) stream.end();
    await Promise.all(this.#open.values());
  }

  /** When the client disconnects, its waits end and its questions stay open (I6). */
  async #serve(stream: StdioStream, { policy, project }: StdioClient): Promise<void> {
    const gone = new AbortController();
    const id = project === undefined ? LOCAL_CALLER : `${LOCAL_CALLER}:${project}`;
    const client = { caller: { ...stdioCaller, id }, policy };
    const write = (answer: object) => {
      if (!gone.signal.aborted) stream.write(JSON.stringify(answer));
    };
    const transport: Transport = {
      start: async () => undefined,
      send: async (message) => write(message),
      close: async () => stream.end(),
    };
    // Logs only the name: the message of an error may contain the client's text.
    const onerror = ({ name }: Error) => this.#logger.debug({ error: name }, "mcp connection");
    const factory = mcpServerFactory({ tools: this.#tools, version: this.#version, client });
    const server = serveStdio(factory, { transport, onerror });
    const answerPlain = async (body: unknown) => {
      const answer = await this.#plainCalls.answer(body, { ...client, signal: gone.signal });
      if (answer !== undefined) write(answer);
    };
    try {
      for await (const line of stream.lines) {
        if (line.trim() === "") continue;
        const json = parseJson(line);
        if (json.kind === "not_json") write(this.#plainCalls.parseError);
        else if (json.kind === "too_deep") write(this.#tooDeep(json.value));
        else if (!isMessage(json.value)) answerPlain(json.value).catch(onerror);
        else if (!deliver(transport, json.value)) write(invalidRequest(json.value));
      }
    } finally {
      gone.abort();
      await server.close();
    }
  }

  #tooDeep(body: unknown): object {
    return isMessage(body) ? invalidRequest(body, TOO_DEEP) : this.#plainCalls.invalidRequest(body, TOO_DEEP);
  }
}

/** False for a body with the member `jsonrpc` that is not a JSON-RPC message. */
function deliver(transport: Transport, body: unknown): boolean {
  try {
    transport.onmessage?.(parseJSONRPCMessage(body));
    return true;
  } catch {
    return false;
  }
}
