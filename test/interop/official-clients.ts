import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentHttp,
} from "@modelcontextprotocol/client";
import { StdioClientTransport as CurrentStdio } from "@modelcontextprotocol/client/stdio";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as FirstStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as FirstHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type FakeTelegram, person } from "@loopgate/testing";
import { Ajv } from "ajv";
import { expect } from "vitest";
import { textCanary } from "../harness/secret-scan.ts";

/** Where a client finds its server: at an address, or as a child process of its own. */
export type Place =
  | URL
  | { readonly command: string; readonly env: Record<string, string>; readonly cwd: string };

interface Tool {
  readonly name: string;
  readonly outputSchema?: object | undefined;
}

/** What the clients of both generations can do. */
export interface Caller {
  listTools(): Promise<{ readonly tools: readonly Tool[] }>;
  callTool(
    params: { name: string; arguments: Record<string, unknown> },
    onProgress?: (progress: number) => void,
  ): Promise<{ isError?: boolean | undefined; structuredContent?: unknown }>;
  close(): Promise<void>;
}

const alice = person(7);
const info = { name: "interop-test", version: "1.0.0" };

async function first(place: Place): Promise<Caller> {
  const client = new FirstClient(info);
  const transport = place instanceof URL ? new FirstHttp(place) : new FirstStdio(place);
  await client.connect(transport as Parameters<typeof client.connect>[0]);
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
  async (place: Place): Promise<Caller> => {
    const client = new CurrentClient(info, { versionNegotiation: { mode } });
    await client.connect(place instanceof URL ? new CurrentHttp(place) : new CurrentStdio(place));
    return {
      listTools: () => client.listTools(),
      callTool: async (params, onProgress) =>
        client.callTool(params, onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
      close: () => client.close(),
    };
  };

/** The official TypeScript clients of both generations, in every way of speaking that they have. */
export const officialClients: readonly (readonly [
  name: string,
  connect: (place: Place) => Promise<Caller>,
])[] = [
  ["@modelcontextprotocol/sdk 1.x", first],
  ["@modelcontextprotocol/client 2.x, 2025 era", current("legacy")],
  ["@modelcontextprotocol/client 2.x, negotiated", current("auto")],
  ["@modelcontextprotocol/client 2.x, pinned to 2026-07-28", current({ pin: "2026-07-28" })],
];

/** Alice's story with one of them: tools, question, progress, answer and errors; every result fits its outputSchema. */
export async function expectAnswered(
  client: Caller,
  telegram: FakeTelegram,
  {
    name,
    whileItWaits = async () => undefined,
  }: { readonly name: string; readonly whileItWaits?: () => Promise<unknown> },
): Promise<void> {
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
  const { request_id } = asked.structuredContent;
  const view = async () => (await call("check_request_status", { request_id })).structuredContent;
  await expect.poll(view).toMatchObject({ delivery: "delivered" });

  const progress: number[] = [];
  const waiting = call("check_request_status", { request_id, wait_seconds: 30 }, (one) => progress.push(one));
  await expect.poll(() => progress.length).toBeGreaterThan(0);
  await whileItWaits();
  telegram.press(
    alice,
    telegram.messagesIn(7).find(({ text }) => text.includes(message))!,
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
  expect(await call("cancel_request", { request_id })).toMatchObject({
    isError: true,
    structuredContent: {
      error: { code: "already_decided", request: { approved: false, response: "Hold" } },
    },
  });
  expect(await call("check_request_status", { request_id: "nope" })).toMatchObject({
    isError: true,
    structuredContent: { error: { code: "not_found" } },
  });
  expect(await call("request_human_input", { message: "" })).toMatchObject({
    isError: true,
    structuredContent: { error: { code: "invalid_arguments" } },
  });
}
