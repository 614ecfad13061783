import { Problem, RequestView } from "@loopgate/contracts";
import type { Connection, RequestCall } from "./connection.ts";
import { unreachable } from "./failure.ts";
import { LoopgateError } from "./loopgate-error.ts";

/** Calls `/v1`. Each call is an HTTP request of its own. */
export class RestConnection implements Connection {
  readonly #url: string;
  readonly #apiKey: string | undefined;
  readonly name: string;

  /** @param url the address of `/v1`, with or without a slash at its end */
  constructor(url: string | URL, apiKey: string | undefined, name: string) {
    this.#url = String(url).replace(/\/$/, "");
    this.#apiKey = apiKey;
    this.name = name;
  }

  async open(): Promise<void> {
    await this.#fetch("/requests?limit=1", {});
  }

  async call(
    call: RequestCall,
    { request_id, ...args }: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<RequestView> {
    const path = `/requests/${encodeURIComponent(String(request_id))}`;
    switch (call) {
      case "request_human_input":
        return viewIn(await this.#post("/requests", args, signal));
      case "check_request_status":
        return viewIn(
          await this.#fetch(`${path}?wait_seconds=${Number(args["wait_seconds"] ?? 0)}`, { signal }),
        );
      case "cancel_request":
        return viewIn(await this.#post(`${path}/cancel`, args, signal));
    }
  }

  async callTool(): Promise<never> {
    throw new TypeError(NO_TOOLS);
  }

  async listTools(): Promise<never> {
    throw new TypeError(NO_TOOLS);
  }

  async close(): Promise<void> {
    // Nothing is open between two calls.
  }

  #post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const headers = { "content-type": "application/json" };
    return this.#fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  async #fetch(path: string, init: RequestInit): Promise<unknown> {
    const headers = new Headers(init.headers);
    if (this.#apiKey !== undefined) headers.set("authorization", `Bearer ${this.#apiKey}`);
    try {
      const response = await fetch(`${this.#url}${path}`, { ...init, headers });
      if (response.ok) return await response.json();
      throw await refusalIn(response);
    } catch (error) {
      throw error instanceof LoopgateError ? error : unreachable(error);
    }
  }
}

const NO_TOOLS = "There are tools over MCP only: connect to the address of /mcp.";

/** What an answer says that is no success. Whatever is no answer of Loopgate's is worth another try. */
async function refusalIn(response: Response): Promise<LoopgateError> {
  const problem = Problem.safeParse(await response.json().catch(() => undefined)).data;
  if (problem === undefined) return unreachable(new Error(`HTTP ${response.status}`));
  const { code, detail, request } = problem;
  return new LoopgateError(code, detail, { request });
}

function viewIn(body: unknown): RequestView {
  const view = RequestView.safeParse(body);
  if (view.success) return view.data;
  throw new Error("This is no answer of Loopgate: correct the address, or use a newer client.", {
    cause: view.error,
  });
}
