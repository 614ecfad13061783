import { actionDigest, type CreatedEvent, eventKey, requestSubject } from "@loopgate/contracts";
import { type EventLog, LogFull, Rejected, Unavailable } from "@loopgate/bus";
import { cancellation } from "@loopgate/domain";
import { describe, expect, it } from "vitest";
import { replacedLog } from "@loopgate/testing/faults";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { decide } from "./support/requests.ts";
import { call, modern, refusal, send, view } from "./support/wire.ts";

const NAME = "request_human_input";
const DAY_MS = 86_400_000;
const ask = (g: TestGateway, args: Record<string, unknown>) => view(g.url, NAME, { message: "m", ...args });
const refuse = (g: TestGateway, args: Record<string, unknown>) =>
  refusal(g.url, NAME, { message: "m", ...args });
const refTo = (id: string) => ({ tenant: "default", id });

async function questionOf(g: TestGateway, id: string): Promise<CreatedEvent> {
  const created = await g.requests.created(refTo(id));
  if (created === undefined) throw new Error("the log does not hold the question");
  return created.event;
}

/** The event keys that the log holds for this id. */
const logged = async (g: TestGateway, id: string) => Object.keys(await g.requests.read(refTo(id)));

describe("an accepted question", () => {
  it("names the action that runs if it is approved, and its digest, to every reader", async () => {
    await using g = await startGateway();
    const action = { tool: "Bash", arguments: { command: "ls", timeout: 1e3 }, cwd: "/work" };
    const { request_id, action_digest } = await ask(g, { action });
    expect(action_digest).toBe(actionDigest(action));
    expect((await questionOf(g, request_id)).data).toMatchObject({ action, action_digest });
    const response = await fetch(`${g.url}/v1/requests/${request_id}`);
    expect(await response.json()).toMatchObject({ action, action_digest });
  });

  it("is in the log, complete, before the call returns", async () => {
    await using g = await startGateway();
    const shown = await ask(g, {
      session_id: "deploys",
      client_id: "release-agent",
      options: ["Deploy", { label: "Not now", value: "no", effect: "neutral" }],
      metadata: { ticket: "OPS-1" },
      timeout_seconds: 60,
    });
    const event = await questionOf(g, shown.request_id);
    expect(event).toMatchObject({
      id: `${shown.request_id}.created.${Date.parse(shown.created_at).toString(36)}`,
      type: "loopgate.request.created.v1",
      subject: shown.request_id,
      time: shown.created_at,
      tenant: "default",
    });
    expect(event.data).toEqual({
      session_id: "deploys",
      client_id: "release-agent",
      prompt: {
        kind: "choice",
        message: "m",
        options: [
          { value: "Deploy", label: "Deploy", effect: "neutral" },
          { value: "no", label: "Not now", effect: "neutral" },
        ],
      },
      recipients: [{ channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] }],
      policy: { required: 1 },
      metadata: { ticket: "OPS-1" },
      expires_at: shown.expires_at,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each([
    [undefined, 300],
    [null, 300],
    [0, 300],
    [1, 10],
    [-5, 10],
    [0.5, 10],
    [90.9, 90],
    [1e12, 2_592_000],
  ])("with timeout_seconds %s ends after %i", async (timeout_seconds, seconds) => {
    await using g = await startGateway();
    const { created_at, expires_at } = await ask(g, { timeout_seconds });
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(seconds * 1_000);
  });

  it.each([
    [{ request_type: "choice" }, "a choice needs at least one option"],
    [{ options: ["Yes", "Yes"] }, "options.1: the label reads like that of options.0"],
    [{ options: [{ label: "Deny", effect: "approve" }] }, "options.0: the label is a word for the opposite"],
    [{ options: ["ok", "\u3164"] }, "options.1.label: must have a visible character"],
    [
      {
        options: [
          { label: "A", value: "x" },
          { label: "B", value: "x" },
        ],
      },
      "has the value of options.0",
    ],
  ])("is none with %j", async (args, problem) => {
    await using g = await startGateway();
    const { error } = await call(g.url, NAME, { message: "m", ...args });
    expect(error).toMatchObject({ code: -32_602, data: [expect.stringContaining(problem)] });
  });

  it("needs a recipient, and the error names the setting", async () => {
    await using unroutable = await startGateway({ policy: { defaultChat: undefined } });
    expect(await refuse(unroutable, {})).toMatchObject({
      code: "no_recipient",
      message: expect.stringContaining("TELEGRAM_CHAT_ID"),
    });
    await using mute = await startGateway({ policy: { bot: undefined } });
    expect(await refuse(mute, {})).toMatchObject({
      code: "no_recipient",
      message: expect.stringContaining("TELEGRAM_BOT_TOKEN"),
    });
  });
});

describe("the same idempotency key", () => {
  const keyed = { idempotency_key: "k", session_id: "s", client_id: "c" };

  it("returns the same request for repeated and concurrent calls", async () => {
    await using g = await startGateway();
    const shown = await Promise.all(Array.from({ length: 50 }, () => ask(g, keyed)));
    const again = await ask(g, { ...keyed, wait_seconds: 0 });
    expect(new Set([...shown, again].map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await logged(g, again.request_id)).toEqual(["created"]);
  });

  it("with other arguments is a conflict, and asks nothing", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g, keyed);
    expect(await refuse(g, { ...keyed, message: "other" })).toMatchObject({ code: "idempotency_conflict" });
    g.state.isReachable = false;
    expect(await refuse(g, { ...keyed, message: "other" })).toMatchObject({ code: "idempotency_conflict" });
    expect((await questionOf(g, request_id)).data.prompt.message).toBe("m");
  });

  it("of another client or session belongs to another request", async () => {
    await using g = await startGateway();
    const ids = [
      keyed,
      { ...keyed, client_id: "d" },
      { ...keyed, session_id: "t" },
      { idempotency_key: "k" },
    ];
    const shown = await Promise.all(ids.map((args) => ask(g, args)));
    expect(new Set(shown.map(({ request_id }) => request_id)).size).toBe(4);
  });

  it("returns the decision", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g, keyed);
    await decide(g, request_id);
    expect(await ask(g, keyed)).toMatchObject({ request_id, status: "cancelled" });
  });

  it("returns the same request after its session was deactivated", async () => {
    await using g = await startGateway();
    const register = { session_id: "s", client_id: "c", telegram_id: 7 };
    const headers = { "content-type": "application/json" };
    const put = (path: string, body: unknown) =>
      fetch(`${g.url}/hitl/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    await put("register", register);
    const { request_id } = await ask(g, keyed);
    await put("deactivate", register);
    expect(await ask(g, keyed)).toMatchObject({ request_id });
    expect(await refuse(g, { ...keyed, idempotency_key: "new" })).toMatchObject({ code: "session_inactive" });
  });

  describe("while state does not answer", () => {
    it("asks once, and returns a decision made in the meantime", async () => {
      await using g = await startGateway();
      g.state.isReachable = false;
      const { request_id } = await ask(g, keyed);
      expect(await ask(g, keyed)).toMatchObject({ request_id, status: "pending" });
      await decide(g, request_id);
      expect(await ask(g, keyed)).toMatchObject({ request_id, status: "cancelled" });
      expect(await logged(g, request_id)).toEqual(["created", "decided"]);
    });

    it("asks a new question if the store is closed", async () => {
      await using g = await startGateway();
      await g.closeStore();
      const { request_id } = await ask(g, keyed);
      expect(await ask(g, keyed)).toMatchObject({ request_id, status: "pending" });
    });

    it("does not ask again if the log holds a decision without its question", async () => {
      await using donor = await startGateway();
      const { request_id } = await ask(donor, keyed);
      await using g = await startGateway();
      const old = cancellation(await questionOf(donor, request_id), "cancel.old", new Date());
      await g.bus.log.append(requestSubject(refTo(request_id), eventKey.decided), old, { first: true });
      g.state.isReachable = false;
      expect(await refuse(g, keyed)).toMatchObject({ code: "unavailable" });
      expect(await logged(g, request_id)).toEqual(["decided"]);
    });

    it("does not answer from a question in its last day of retention", async () => {
      let now = Date.now();
      await using g = await startGateway({ now: () => new Date(now) });
      await ask(g, keyed);
      g.state.isReachable = false;
      now += 89.5 * DAY_MS;
      expect(await refuse(g, keyed)).toMatchObject({ code: "unavailable" });
    });
  });
});

describe("an append whose outcome is unknown", () => {
  /** Stores every event, and loses the first `count` acknowledgements. */
  const losingAnswers = (count: number) => (log: EventLog) =>
    replacedLog(log, {
      append: async (...args) => {
        const result = await log.append(...args);
        if (count-- > 0) throw new Unavailable("the answer was lost");
        return result;
      },
    });

  it("is retried with the same event", async () => {
    await using g = await startGateway({ faulty: losingAnswers(1) });
    const { request_id } = await ask(g, {});
    expect(await logged(g, request_id)).toEqual(["created"]);
    expect((await call(g.url, "list_pending_requests", {})).result.structuredContent.count).toBe(1);
  });

  it("fails with unavailable after two tries, and the same key finds the stored request", async () => {
    await using g = await startGateway({ faulty: losingAnswers(2) });
    const keyed = { idempotency_key: "k" };
    expect(await refuse(g, keyed)).toMatchObject({ code: "unavailable" });
    const { request_id } = await ask(g, keyed);
    expect(await logged(g, request_id)).toEqual(["created"]);
  });

  it("is refused with the limit, and not retried, if the server accepts only smaller messages", async () => {
    let tries = 0;
    const append = async () => {
      tries += 1;
      throw new Rejected("too large", { maxBytes: 16_384 });
    };
    await using g = await startGateway({ faulty: (log) => replacedLog(log, { append }) });
    const { body } = await send(
      g.url,
      modern("tools/call", { name: "request_human_input", arguments: { message: "m" } }),
    );
    expect(body.result.structuredContent.error).toMatchObject({
      code: "invalid_arguments",
      message: expect.stringMatching(/16384 bytes.*shorten the message/),
    });
    expect(await call(g.url, "request_human_input", { message: "m" })).toMatchObject({
      error: { code: -32_602, data: [expect.stringContaining("16384 bytes")] },
    });
    expect(tries).toBe(2);
  });

  it("is not retried if the log is full", async () => {
    let tries = 0;
    const append = async () => {
      tries += 1;
      throw new LogFull("full");
    };
    await using g = await startGateway({ faulty: (log) => replacedLog(log, { append }) });
    expect(await refuse(g, {})).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("full"),
    });
    expect(tries).toBe(1);
  });
});
