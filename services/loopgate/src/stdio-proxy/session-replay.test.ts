import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SessionReplay, splitBatch } from "./session-replay.ts";

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
    ...[null, true, {}, [1]].map((id) => call(id, "request_human_input", { message: "m" })),
    call(1, "request_human_input", { message: "m", idempotency_key: "mine" }),
    '{"id":1,"method":"tools/call","params":{"name":"request_human_input","arguments":[]}}',
  ];
  it.each(untouched)("is passed on unchanged: %s", (line) => {
    const session = new SessionReplay(50);
    expect(session.fromClient(line)).toBe(line);
    const { id, method } = line.startsWith("{") ? JSON.parse(line) : {};
    const isCall = method !== undefined && ["string", "number"].includes(typeof id);
    expect(session.isSettled).toBe(!isCall);
  });

  it.each([{}, { idempotency_key: null }, { idempotency_key: "" }])(
    "that asks without an idempotency key gets one (%j)",
    (more) => {
      const lines = [1, 2].map((id) =>
        new SessionReplay(50).fromClient(call(id, "request_human_input", { message: "m", ...more })),
      );
      const keys = lines.map((line) => argumentsOf(line).idempotency_key);
      expect(keys).toEqual([expect.stringMatching(/^front-.{36}$/), expect.stringMatching(/^front-.{36}$/)]);
      expect(keys[0]).not.toBe(keys[1]);
    },
  );

  it("with a question as JSON text gets a key, too", () => {
    const ask = (args: unknown) =>
      new SessionReplay(50).fromClient(
        JSON.stringify({
          id: 1,
          method: "tools/call",
          params: { name: "request_human_input", arguments: args },
        }),
      );
    expect(argumentsOf(ask('{"message":"m"}'))).toEqual({
      message: "m",
      idempotency_key: expect.stringMatching(/^front-/),
    });
    for (const unreadable of ["m", "[]", "{"]) expect(argumentsOf(ask(unreadable))).toBe(unreadable);
  });

  it("is recorded behind a byte order mark", () => {
    const session = new SessionReplay(50);
    session.fromClient(`\u{FEFF}${call(1, "list_pending_requests", {})}`);
    expect(session.replay()).toEqual([call(1, "list_pending_requests", {})]);
  });
});

describe.each([300, 5_000, 500_000])("a line that nests %i levels deep", (levels) => {
  const nested = "[".repeat(levels) + "]".repeat(levels);
  const lines = [
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request_human_input","arguments":${nested}}}`,
    `{"id":1,"method":"ping","params":${nested}}`,
    `{"jsonrpc":"2.0","method":"notifications/initialized","params":{"a":${nested}}}`,
    nested,
  ];

  it("is passed on unchanged and not recorded, and the daemon answers it", () => {
    const session = new SessionReplay(50);
    for (const line of lines) expect(session.fromClient(line)).toBe(line);
    expect([session.isSettled, session.replay()]).toEqual([true, []]);
    for (const line of lines) expect(splitBatch(`[${line}]`)).toEqual([`[${line}]`]);
  });

  it("does not hide in an argument's text", () => {
    const line = call(1, "request_human_input", {}).replace("{}", JSON.stringify(`{"a":${nested}}`));
    expect(new SessionReplay(50).fromClient(line)).toBe(line);
  });
});

describe("another daemon gets", () => {
  it("every pending call, in order and with the same idempotency key, and no other call", () => {
    const session = new SessionReplay(50);
    const asked = session.fromClient(call("a", "request_human_input", { message: "m" }));
    for (const id of [1, "1", 2]) session.fromClient(call(id, "list_pending_requests", {}));
    expect(session.fromDaemon(answer(1))).toBe(answer(1));
    session.fromClient('{"method":"notifications/cancelled","params":{"requestId":2}}');
    expect(session.replay()).toEqual([asked, call("1", "list_pending_requests", {})]);
    expect(session.isSettled).toBe(false);
    session.fromDaemon(answer("a"));
    session.fromDaemon(answer("1"));
    expect([session.replay(), session.isSettled]).toEqual([[], true]);
  });

  it("the older protocol's initialization first, and the client gets one answer to it", () => {
    const session = new SessionReplay(50);
    const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: { x: 1 } };
    const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    session.fromClient(JSON.stringify(initialize));
    expect(session.replay()).toEqual([JSON.stringify(initialize)]);
    expect(session.fromDaemon(answer(0))).toBe(answer(0));
    session.fromClient(initialized);
    const again = session.replay();
    expect(again.map((line) => JSON.parse(line))).toEqual([
      { ...initialize, id: expect.any(String) },
      JSON.parse(initialized),
    ]);
    expect(session.fromDaemon(answer(JSON.parse(again[0]!).id))).toBeUndefined();
  });

  it("a handshake with an id that no client can guess", () => {
    const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: {} };
    const ids = [1, 2].map(() => {
      const session = new SessionReplay(50);
      session.fromClient(JSON.stringify(initialize));
      session.fromDaemon(answer(0));
      for (const id of ["loopgate-again", "loopgate-", "loopgate"]) {
        session.fromClient(call(id, "list_pending_requests", {}));
        expect(session.fromDaemon(answer(id))).toBe(answer(id));
      }
      expect(session.isSettled).toBe(true);
      return JSON.parse(session.replay()[0]!).id;
    });
    expect(ids).toEqual([
      expect.stringMatching(/^loopgate-.{36}$/),
      expect.stringMatching(/^loopgate-.{36}$/),
    ]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("no initialization that failed, and none of a call without jsonrpc", () => {
    const session = new SessionReplay(50);
    session.fromClient('{"jsonrpc":"2.0","id":0,"method":"initialize"}');
    session.fromDaemon('{"jsonrpc":"2.0","id":0,"error":{}}');
    session.fromClient('{"id":1,"method":"initialize"}');
    session.fromDaemon('{"id":1,"result":{}}');
    expect(session.replay()).toEqual([]);
  });

  describe("of a waiting call", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it.each([50, 300, "50", " 3e2 "])(
      "only the remaining wait, whatever wait was asked for (%s)",
      (wait_seconds) => {
        const session = new SessionReplay(50);
        session.fromClient(call(1, "check_request_status", { request_id: "x", wait_seconds }));
        const waited = [0, 20_000, 40_000].map((ms) => {
          vi.advanceTimersByTime(ms);
          return argumentsOf(session.replay()[0]).wait_seconds;
        });
        expect(waited).toEqual([50, 30, 0]);
      },
    );
  });
});

describe("the client gets", () => {
  it("progress and answers without a call, but no line that was cut off when the daemon ended", () => {
    const session = new SessionReplay(50);
    const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}';
    const parseError = '{"error":{"code":-32700},"id":null}';
    expect(
      [progress, parseError, '{"jsonrpc":"2.0","id":1,"res'].map((line) => session.fromDaemon(line)),
    ).toEqual([progress, parseError, undefined]);
  });

  it("progress that grows, also when another daemon counts from zero", () => {
    const session = new SessionReplay(50);
    const _meta = { progressToken: "t" };
    const params = { name: "check_request_status", arguments: { wait_seconds: 50 }, _meta };
    session.fromClient(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
    const reportOf = (progress: number, total: number) => {
      const report = { progressToken: "t", progress, total };
      const line = { jsonrpc: "2.0", method: "notifications/progress", params: report };
      const heard = session.fromDaemon(JSON.stringify(line));
      return heard && JSON.parse(heard).params;
    };
    const heard = [reportOf(0, 50), reportOf(10, 50)];
    for (let lost = 0; lost < 2; lost++) {
      session.daemonLost();
      heard.push(reportOf(0, 35), reportOf(10, 35));
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

  it("an error for a call that has lost five daemons", () => {
    const session = new SessionReplay(50);
    session.fromClient(call(1, "list_pending_requests", {}, { jsonrpc: "2.0" }));
    session.fromClient(call(2, "list_pending_requests", {}));
    const failures = Array.from({ length: 5 }, () => session.daemonLost());
    expect(failures.slice(0, 4)).toEqual([[], [], [], []]);
    expect(failures[4]?.map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: "2.0", id: 1, error: { code: -32_603, message: expect.stringContaining("daemon") } },
      { id: 2, error: { code: -32_603, message: expect.stringContaining("daemon"), data: null } },
    ]);
    expect(session.replay()).toEqual([]);
  });
});

describe("a batch", () => {
  const [ping, note] = [
    '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","method":"notifications/x"}',
  ];

  it("is split into one line for each message", () => {
    expect(splitBatch(` [${ping}, ${note}]`)).toEqual([ping, note]);
  });

  it("is split behind a byte order mark", () => {
    expect(splitBatch(`\u{FEFF}[${ping},${note}]`)).toEqual([ping, note]);
  });

  it.each([ping, "[", "[]", "[1]", `[${ping},{"id":2,"method":"ping"}]`, "rubbish"])(
    "is not seen in %s, which is passed on unchanged",
    (line) => {
      expect(splitBatch(line)).toEqual([line]);
    },
  );
});

describe("a call that its client cancelled before it heard the id", () => {
  const args = { message: "m", options: [{ label: "a", effect: "approve" }], wait_seconds: 50 };
  const cancel = (requestId: unknown) =>
    JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
  const ask = (session: SessionReplay, id: unknown, asked: object = args): string =>
    argumentsOf(session.fromClient(call(id, "request_human_input", asked, { jsonrpc: "2.0" })))
      .idempotency_key;
  const answered = (id: unknown, structuredContent: object) =>
    JSON.stringify({ jsonrpc: "2.0", id, result: { structuredContent } });
  const view = (at: number) => ({ request_id: "r1", decided_at: new Date(at).toISOString(), approved: true });
  let session: SessionReplay;
  let key: string;
  beforeEach(() => {
    vi.useFakeTimers();
    session = new SessionReplay(50);
    key = ask(session, 1);
    session.fromClient(cancel(1));
  });
  afterEach(() => void vi.useRealTimers());

  it("is joined by the next call with the same arguments, and by no further one", () => {
    expect(ask(session, 2)).toBe(key);
    expect(ask(session, 3)).not.toBe(key);
  });

  it("is joined by one retry after the other", () => {
    for (const id of [2, 3, 4]) {
      expect(ask(session, id)).toBe(key);
      session.fromClient(cancel(id));
    }
  });

  it.each([
    ["another order", { wait_seconds: 50, options: [{ effect: "approve", label: "a" }], message: "m" }, true],
    ["another wait", { ...args, wait_seconds: 5 }, true],
    ["empty arguments", { ...args, session_id: "", metadata: null }, true],
    ["another text", { ...args, message: "n" }, false],
    ["another option", { ...args, options: [{ label: "a", effect: "deny" }] }, false],
    ["more options", { ...args, options: [...args.options, "b"] }, false],
    ["metadata", { ...args, metadata: { build: 43 } }, false],
    ["another client", { ...args, client_id: "other" }, false],
  ])("with %s: joined only if it is the same question", (_, asked, joins) => {
    expect(ask(session, 2, asked) === key).toBe(joins);
  });

  it("is remembered for 15 minutes", () => {
    vi.advanceTimersByTime(899_000);
    expect(ask(session, 2)).toBe(key);
    session.fromClient(cancel(2));
    vi.advanceTimersByTime(901_000);
    expect(ask(session, 3)).not.toBe(key);
  });

  it("and two of them are joined by one call each", () => {
    const other = ask(session, 2);
    session.fromClient(cancel(2));
    expect(other).toBe(key);
    const [third, fourth] = [ask(session, 3), ask(session, 4)];
    for (const id of [3, 4]) session.fromClient(cancel(id));
    expect(new Set([ask(session, 5), ask(session, 6)])).toEqual(new Set([third, fourth]));
  });

  it.each([
    ["an error", { error: { code: "unavailable", message: "Call again." } }, true],
    ["its request", { request_id: "r1", status: "pending" }, false],
  ])("is remembered, too, if it was answered with %s: %o", (_, content, joins) => {
    const asked = ask(session, 2, { message: "other" });
    session.fromDaemon(answered(2, content));
    expect(ask(session, 3, { message: "other" }) === asked).toBe(joins);
  });

  it("is answered by a decision that came while a repetition waited", () => {
    ask(session, 2);
    const line = answered(2, view(Date.now() + 10));
    expect(session.askAnew(line)).toBeUndefined();
    expect(session.fromDaemon(line)).toBe(line);
  });

  it.each([
    ["was decided", view(Date.now() - 3_600_000)],
    ["has used its key up", { error: { code: "idempotency_key_used", request: view(0) } }],
  ])("is asked anew if it %s while no call waited", (_, content) => {
    vi.advanceTimersByTime(20_000);
    ask(session, 2);
    const again = session.askAnew(answered(2, content));
    expect(argumentsOf(again)).toEqual({ ...args, wait_seconds: 50, idempotency_key: expect.any(String) });
    expect(argumentsOf(again).idempotency_key).not.toBe(key);
    expect(session.replay().map((line) => argumentsOf(line))).toEqual([argumentsOf(again)]);
    // The answer to the new question is the client's.
    expect(session.askAnew(answered(2, content))).toBeUndefined();
  });

  it("leaves the client's own keys alone", () => {
    const own = { ...args, idempotency_key: "mine" };
    expect(ask(session, 2, own)).toBe("mine");
    session.fromClient(cancel(2));
    expect(ask(session, 3)).toBe(key);
  });
});
