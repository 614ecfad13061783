import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Conversation } from "./session-replay.ts";

const call = (id: unknown, name: string, args: object, more: object = {}) =>
  JSON.stringify({ id, method: "tools/call", params: { name, arguments: args }, ...more });
const answer = (id: unknown) => JSON.stringify({ jsonrpc: "2.0", id, result: {} });
const argumentsOf = (line = "{}") => JSON.parse(line).params.arguments;

describe("a line of the client", () => {
  const untouched = [
    "rubbish",
    "[]",
    '{"id":1,"result":{}}',
    '{"method":"notifications/x"}',
    call(1, "check_request_status", { request_id: "x", wait_seconds: 5 }),
    call(1, "request_human_input", { message: "m", idempotency_key: "mine" }),
    '{"id":1,"method":"tools/call","params":{"name":"request_human_input","arguments":[]}}',
  ];
  it.each(untouched)("goes on as it is: %s", (line) => {
    expect(new Conversation(50).fromClient(line)).toBe(line);
  });

  it.each([{}, { idempotency_key: null }])("that asks without a key gets one of its own (%j)", (more) => {
    const lines = [1, 2].map((id) =>
      new Conversation(50).fromClient(call(id, "request_human_input", { message: "m", ...more })),
    );
    const keys = lines.map((line) => argumentsOf(line).idempotency_key);
    expect(keys).toEqual([expect.stringMatching(/^front-.{36}$/), expect.stringMatching(/^front-.{36}$/)]);
    expect(keys[0]).not.toBe(keys[1]);
  });
});

describe("another daemon hears", () => {
  it("every call that has no answer, in order and under the same key; no other", () => {
    const conversation = new Conversation(50);
    const asked = conversation.fromClient(call("a", "request_human_input", { message: "m" }));
    for (const id of [1, "1", 2]) conversation.fromClient(call(id, "list_pending_requests", {}));
    expect(conversation.fromDaemon(answer(1))).toBe(answer(1));
    conversation.fromClient('{"method":"notifications/cancelled","params":{"requestId":2}}');
    expect(conversation.again()).toEqual([asked, call("1", "list_pending_requests", {})]);
    expect(conversation.isSettled).toBe(false);
    conversation.fromDaemon(answer("a"));
    conversation.fromDaemon(answer("1"));
    expect([conversation.again(), conversation.isSettled]).toEqual([[], true]);
  });

  it("the older protocol's handshake first, and the client hears of it once", () => {
    const conversation = new Conversation(50);
    const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: { x: 1 } };
    const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    conversation.fromClient(JSON.stringify(initialize));
    expect(conversation.again()).toEqual([JSON.stringify(initialize)]);
    expect(conversation.fromDaemon(answer(0))).toBe(answer(0));
    conversation.fromClient(initialized);
    const again = conversation.again();
    expect(again.map((line) => JSON.parse(line))).toEqual([
      { ...initialize, id: expect.any(String) },
      JSON.parse(initialized),
    ]);
    expect(conversation.fromDaemon(answer(JSON.parse(again[0]!).id))).toBeUndefined();
  });

  it("no handshake that failed, and none of a plain call", () => {
    const conversation = new Conversation(50);
    conversation.fromClient('{"jsonrpc":"2.0","id":0,"method":"initialize"}');
    conversation.fromDaemon('{"jsonrpc":"2.0","id":0,"error":{}}');
    conversation.fromClient('{"id":1,"method":"initialize"}');
    conversation.fromDaemon('{"id":1,"result":{}}');
    expect(conversation.again()).toEqual([]);
  });

  describe("of a call that waits", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it.each([50, 300])("only the rest of its wait, whatever it asked for (%i)", (wait_seconds) => {
      const conversation = new Conversation(50);
      conversation.fromClient(call(1, "check_request_status", { request_id: "x", wait_seconds }));
      const waited = [0, 20_000, 40_000].map((ms) => {
        vi.advanceTimersByTime(ms);
        return argumentsOf(conversation.again()[0]).wait_seconds;
      });
      expect(waited).toEqual([50, 30, 0]);
    });
  });
});

describe("the client hears", () => {
  it("progress and answers without a call, and nothing that a dying daemon cut off", () => {
    const conversation = new Conversation(50);
    const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}';
    const parseError = '{"error":{"code":-32700},"id":null}';
    expect(
      [progress, parseError, '{"jsonrpc":"2.0","id":1,"res'].map((line) => conversation.fromDaemon(line)),
    ).toEqual([progress, parseError, undefined]);
  });

  it("of progress that grows, also when another daemon counts from the beginning", () => {
    const conversation = new Conversation(50);
    const _meta = { progressToken: "t" };
    const params = { name: "check_request_status", arguments: { wait_seconds: 50 }, _meta };
    conversation.fromClient(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
    const heardOf = (progress: number, total: number) => {
      const report = { progressToken: "t", progress, total };
      const line = { jsonrpc: "2.0", method: "notifications/progress", params: report };
      const heard = conversation.fromDaemon(JSON.stringify(line));
      return heard && JSON.parse(heard).params;
    };
    const heard = [heardOf(0, 50), heardOf(10, 50)];
    for (let death = 0; death < 2; death++) {
      conversation.lostDaemon();
      heard.push(heardOf(0, 35), heardOf(10, 35));
    }
    expect(heard.map((report) => report && [report.progress, report.total])).toEqual([
      [0, 50],
      [10, 50],
      undefined,
      [20, 45],
      undefined,
      [30, 55],
    ]);
  });

  it("a failure for a call over which one daemon after the other died", () => {
    const conversation = new Conversation(50);
    conversation.fromClient(call(1, "list_pending_requests", {}, { jsonrpc: "2.0" }));
    conversation.fromClient(call(2, "list_pending_requests", {}));
    const failures = Array.from({ length: 5 }, () => conversation.lostDaemon());
    expect(failures.slice(0, 4)).toEqual([[], [], [], []]);
    expect(failures[4]?.map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: "2.0", id: 1, error: { code: -32_603, message: expect.stringContaining("daemon") } },
      { id: 2, error: { code: -32_603, message: expect.stringContaining("daemon"), data: null } },
    ]);
    expect(conversation.again()).toEqual([]);
  });
});
