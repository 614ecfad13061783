import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentTransport,
} from "@modelcontextprotocol/client";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { person } from "@loopgate/testing";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { useLoopgate } from "../harness/use-loopgate.ts";
import { textCanary } from "../harness/secret-scan.ts";

const alice = person(7);
const setting = useLoopgate();

interface Tool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly outputSchema?: object | undefined;
}
interface Caller {
  listTools(): Promise<{ readonly tools: readonly Tool[] }>;
  callTool(
    params: { name: string; arguments: Record<string, unknown> },
    onProgress?: (progress: number) => void,
  ): Promise<{ isError?: boolean | undefined; structuredContent?: unknown }>;
  close(): Promise<void>;
}

const info = { name: "interop-test", version: "1.0.0" };

async function first(url: URL): Promise<Caller> {
  const client = new FirstClient(info);
  await client.connect(new FirstTransport(url) as Parameters<typeof client.connect>[0]);
  return {
    listTools: () => client.listTools(),
    callTool: async (params, onProgress) =>
      (await client.callTool(
        params,
        undefined,
        onProgress && { onprogress: ({ progress }) => onProgress(progress) },
      )) as Awaited<ReturnType<Caller["callTool"]>>,
    close: () => client.close(),
  };
}

const current =
  (mode: "legacy" | "auto" | { pin: "2026-07-28" }) =>
  async (url: URL): Promise<Caller> => {
    const client = new CurrentClient(info, { versionNegotiation: { mode } });
    await client.connect(new CurrentTransport(url));
    return {
      listTools: () => client.listTools(),
      callTool: async (params, onProgress) =>
        client.callTool(params, onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
      close: () => client.close(),
    };
  };

describe.each([
  ["@modelcontextprotocol/sdk 1.x", first],
  ["@modelcontextprotocol/client 2.x, 2025 era", current("legacy")],
  ["@modelcontextprotocol/client 2.x, negotiated", current("auto")],
  ["@modelcontextprotocol/client 2.x, pinned to 2026-07-28", current({ pin: "2026-07-28" })],
])("%s", (name, connect) => {
  it("lists the tools, asks, waits with progress and gets the answer; every result fits its outputSchema", async () => {
    const client = await connect(new URL(`${setting.loopgate.url}/mcp`));
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual([
      "request_human_input",
      "check_request_status",
      "list_pending_requests",
      "cancel_request",
    ]);
    const validators = new Map(
      tools.map((tool) => [
        tool.name,
        new Ajv({ strict: false, validateFormats: false }).compile(tool.outputSchema ?? false),
      ]),
    );
    const call = async (
      tool: string,
      args: Record<string, unknown>,
      onProgress?: (progress: number) => void,
    ) => {
      const result = await client.callTool({ name: tool, arguments: args }, onProgress);
      const validate = validators.get(tool)!;
      expect(validate(result.structuredContent), `${tool}: ${JSON.stringify(validate.errors)}`).toBe(true);
      return result as { isError?: boolean; structuredContent: Record<string, unknown> };
    };

    const message = `${textCanary} ${name.replaceAll(/\W+/g, " ")}`;
    const asked = await call("request_human_input", {
      message,
      options: ["Deploy", "Hold"],
      session_id: name,
    });
    expect(asked.structuredContent).toMatchObject({
      status: "pending",
      request_type: "choice",
    });
    await expect
      .poll(() => setting.telegram.messagesIn(7).some(({ text }) => text.includes(message)))
      .toBe(true);

    const progress: number[] = [];
    const waiting = call(
      "check_request_status",
      { request_id: asked.structuredContent["request_id"], wait_seconds: 30 },
      (one) => progress.push(one),
    );
    await expect.poll(() => progress.length).toBeGreaterThan(0);
    setting.telegram.press(
      alice,
      setting.telegram.messagesIn(7).find(({ text }) => text.includes(message))!,
      "Hold",
    );
    expect((await waiting).structuredContent).toMatchObject({
      status: "decided",
      outcome: "denied",
      approved: false,
      response: "Hold",
    });

    expect(await call("list_pending_requests", { session_id: name })).toMatchObject({
      structuredContent: { requests: [], count: 0 },
    });
    expect(await call("cancel_request", { request_id: asked.structuredContent["request_id"] })).toMatchObject(
      {
        isError: true,
        structuredContent: {
          error: { code: "already_decided", request: { approved: false, response: "Hold" } },
        },
      },
    );
    expect(await call("check_request_status", { request_id: "nope" })).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "not_found" } },
    });
    expect(await call("request_human_input", { message: "" })).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "invalid_arguments" } },
    });
    await client.close();
  });
});
