import { type CallToolResult, Client, SdkError, type Tool } from "@modelcontextprotocol/client";
import type { RequestView } from "@loopgate/contracts";
import type { Connection, RequestCall } from "./connection.ts";
import { failureOf } from "./failure.ts";
import { viewIn } from "./reply.ts";
import { type McpTarget, transportTo } from "./target.ts";

/** A command may have to set itself up at its first start. */
const FIRST_START_MS = 300_000;

/** An official client that is opened again after it was lost. */
export class McpConnection implements Connection {
  readonly #target: McpTarget;
  readonly #version: string;
  #opening: Promise<Client> | undefined;
  /** Who asks. */
  readonly name: string;

  constructor(target: McpTarget, name: string, version: string) {
    this.#target = target;
    this.name = name;
    this.#version = version;
  }

  async open(): Promise<void> {
    await this.#use(async () => undefined);
  }

  async call(
    call: RequestCall,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<RequestView> {
    return viewIn(await this.callTool(call, args, signal));
  }

  callTool(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult> {
    return this.#use((client) => client.callTool({ name, arguments: args }, { signal }));
  }

  async listTools(): Promise<readonly Tool[]> {
    return (await this.#use((client) => client.listTools())).tools;
  }

  async close(): Promise<void> {
    const client = await this.#opening?.catch(() => undefined);
    await client?.close();
  }

  async #use<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      return await work(await (this.#opening ?? this.#open()));
    } catch (error) {
      throw failureOf(error);
    }
  }

  #open(): Promise<Client> {
    const isHttp = "url" in this.#target;
    // Over stdio the official client starts a second process to find out about the newer era.
    const versionNegotiation = { mode: isHttp ? "auto" : "legacy" } as const;
    const client = new Client({ name: this.name, version: this.#version }, { versionNegotiation });
    const timeout = isHttp ? {} : { timeout: FIRST_START_MS };
    const opening = client.connect(transportTo(this.#target), timeout).then(() => client);
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    client.onclose = forget;
    opening.catch(forget);
    // Over HTTP only this tells that an answer broke off: the call itself would wait for its timeout.
    if (isHttp) client.onerror = (error) => void (error instanceof SdkError || client.close());
    this.#opening = opening;
    return opening;
  }
}
