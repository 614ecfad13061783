import { HostileInputs } from "@loopgate/testing";
import { expect, it } from "vitest";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const setting = StdioSetting.use();

const question = {
  message: "m",
  options: ["Yes", "No"],
  metadata: { a: [1] },
  wait_seconds: 0,
  timeout_seconds: 600,
};
const noId = "019ab3f0-7c00-7000-8000-000000000001";
const calls = [
  ["tools/call", { name: "request_human_input", arguments: question }],
  ["tools/call", { name: "check_request_status", arguments: { request_id: noId } }],
  ["tools/call", { name: "list_pending_requests", arguments: { limit: 3 } }],
  [
    "initialize",
    { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
  ],
  ["notifications/initialized", {}],
  ["notifications/cancelled", { requestId: 1 }],
  ["ping", {}],
] as const;

/** What a client could send: with and without `jsonrpc`, alone and in a batch. */
function lineOf(hostile: HostileInputs): string {
  const [method, params] = hostile.pick(calls);
  const call = { id: hostile.below(600), method, params };
  const message = { jsonrpc: "2.0", ...call };
  return hostile.textOf(hostile.pick([call, message, [message, message]]));
}

it("600 mutated lines end neither the stdio proxy nor its daemon, and a killed daemon is still replaced", async () => {
  const proxy = setting.proxy();
  const asked = await proxy.view("request_human_input", { message: "Deploy?", request_type: "confirmation" });
  const hostile = new HostileInputs(20_261_130);
  for (let count = 1; count <= 600; count++) {
    proxy.send(lineOf(hostile));
    if (count % 100 === 0) await proxy.ready();
  }
  const daemon = await setting.daemon();
  process.kill(daemon, "SIGKILL");
  const view = await proxy.view("check_request_status", { request_id: asked.request_id });
  expect(view).toMatchObject({ status: "pending", approved: null });
  expect(proxy.child.exitCode).toBeNull();
  expect(await setting.daemon()).not.toBe(daemon);
  const views = proxy.answers.map(({ result }) => result?.structuredContent ?? {});
  expect(views.filter(({ approved, status }) => approved === true || status === "decided")).toEqual([]);
  const codes = proxy.answers.flatMap(({ error }) => (error === undefined ? [] : [error.code]));
  expect(new Set(codes)).toEqual(new Set([-32_700, -32_600, -32_601, -32_602]));
});

it("a line that nests too deep is an invalid request, and the calls in flight go on", async () => {
  const proxy = setting.proxy();
  await proxy.ready();
  const { request_id } = await proxy.view("request_human_input", { message: "Deploy?" });
  const waiting = proxy.call("check_request_status", { request_id, wait_seconds: 20 });
  for (const [index, levels] of [300, 5_000, 200_000].entries()) {
    const nested = "[".repeat(levels) + "]".repeat(levels);
    for (const more of ["", '"jsonrpc":"2.0",']) {
      const id = `deep-${index}-${more.length}`;
      proxy.send(
        `{${more}"id":"${id}","method":"tools/call","params":{"name":"request_human_input","arguments":{"a":${nested}}}}`,
      );
      expect((await proxy.answerTo(id)).error.code).toBe(-32_600);
    }
  }
  await proxy.call("cancel_request", { request_id });
  expect((await waiting).result.structuredContent).toMatchObject({ status: "cancelled" });
});

it("the id of the proxy's own handshake in the past is an id like any other", async () => {
  const proxy = setting.proxy();
  proxy.send({ jsonrpc: "2.0", id: "loopgate-again", method: "ping" });
  expect(await proxy.answerTo("loopgate-again")).toEqual({
    jsonrpc: "2.0",
    id: "loopgate-again",
    result: {},
  });
});
