import { once } from "node:events";
import { createServer } from "node:http";
import { deadLetterSubject, filters, type LogEntry } from "@loopgate/contracts";
import { freePorts, person } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, token, webhookSecret as secret } from "./support/secrets.ts";

const alice = person(7);
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const calls = (method: string) => fixture.telegram.calls.filter((call) => call.method === method);
const isIntake = (subject: string) => subject.startsWith("loopgate.channel.");
const deadLetter = () => fixture.bus.log.last(deadLetterSubject(`notifier-inbound-${bot}`));
const problem = (notifier: { check(): Promise<void> }) =>
  notifier.check().then(
    () => "",
    (error: Error) => error.message,
  );

let port: number;
beforeEach(async () => {
  [port = 0] = await freePorts(1);
});

const webhook = (at = port, path = "/path-secret") => ({
  url: `http://127.0.0.1:${at}${path}`,
  secret,
  port: at,
  lookEveryMs: 50,
});

/** What somebody sends to the port of a replica. */
function post(body: string, headers: Record<string, string> = {}, at = port): Promise<Response> {
  return fetch(`http://127.0.0.1:${at}/any/path`, {
    method: "POST",
    headers: { "x-telegram-bot-api-secret-token": secret, "content-type": "application/json", ...headers },
    body,
  });
}

/** The updates in the log. */
async function stored(): Promise<readonly unknown[]> {
  const entries: LogEntry[] = [];
  const spec = { name: "reader", filters: [filters.received("telegram", bot)] };
  const reading = await fixture.bus.log.consume(spec, async ({ entry }) => {
    entries.push(entry);
    return "done";
  });
  await expect.poll(() => entries.length).toBeGreaterThan(0);
  await reading[Symbol.asyncDispose]();
  return entries.map(({ event }) => event.data["update"]);
}

const pressOf = (data: string, message: { readonly id: number }, update_id = 77) =>
  JSON.stringify({
    update_id,
    callback_query: {
      id: "q77",
      from: alice,
      data,
      message: { message_id: message.id, chat: { id: 7, type: "private" } },
    },
  });

describe("a webhook", () => {
  it("is set with its secret and brings in what people send; no notifier polls", async () => {
    await fixture.start("test", webhook());
    const created = await fixture.ask();
    const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    expect(calls("setWebhook").map(({ payload }) => payload)).toEqual([
      {
        url: webhook().url,
        secret_token: secret,
        allowed_updates: ["message", "callback_query", "my_chat_member"],
        max_connections: 40,
        drop_pending_updates: false,
      },
    ]);
    expect(calls("getUpdates")).toEqual([]);
    expect(fixture.telegram.held).toEqual([]);
  });

  it("takes updates on a replica without the lease, too, and sets nothing there", async () => {
    const [other = 0] = await freePorts(1);
    await fixture.start("one", webhook());
    await expect.poll(() => calls("setWebhook").length).toBe(1);
    await fixture.start("two", webhook(other));
    const created = await fixture.ask();
    const message = await fixture.message();
    const data = message.buttons.flat()[0]?.callback_data ?? "";
    expect((await post(pressOf(data, message), {}, other)).status).toBe(200);
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Approve" } });
    expect(calls("setWebhook")).toHaveLength(1);
  });

  it("stores an update before its 200: while the log is away it is 503 with Retry-After, and Telegram comes again", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && isIntake(subject);
    const notifier = await fixture.start("test", webhook());
    const created = await fixture.ask();
    const message = await fixture.message();
    const refused = await post(pressOf("x", message));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    const query = fixture.telegram.press(alice, message, "Deny");
    await expect.poll(() => problem(notifier)).toContain("503");
    expect(fixture.telegram.held).toHaveLength(1);
    isDown = false;
    expect(await fixture.told(query)).toBe("Recorded: Deny");
    expect(await fixture.decision(created)).toMatchObject({ answer: { value: "Deny" } });
    await expect.poll(() => problem(notifier)).toBe("");
  });

  it("takes an update that comes twice once", async () => {
    await fixture.start("test", webhook());
    const created = await fixture.ask();
    const message = await fixture.message();
    const update = pressOf(message.buttons.flat()[1]?.callback_data ?? "", message);
    const answers = await Promise.all([post(update), post(update), post(update)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    expect(await stored()).toHaveLength(1);
  });

  it.each([
    ["without the secret", { "x-telegram-bot-api-secret-token": "" }],
    ["with another secret", { "x-telegram-bot-api-secret-token": `${secret}x` }],
  ])("refuses what comes %s, whatever it is", async (_, headers) => {
    await fixture.start("test", webhook());
    await fixture.ask();
    const message = await fixture.message();
    const data = message.buttons.flat()[0]?.callback_data ?? "";
    for (const body of [pressOf(data, message), "rubbish", "x".repeat(2_000_000)]) {
      expect((await post(body, headers).catch(() => ({ status: 401 }))).status).toBe(401);
    }
    expect((await post(pressOf(data, message, 78))).status).toBe(200);
    expect(await stored()).toMatchObject([{ update_id: 78 }]);
  });

  it.each([
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["no object", "[1]"],
    ["no id", '{"message":{}}'],
    ["an id that is no number", '{"update_id":"7"}'],
  ])("answers 200 to rubbish with the right secret and sets it aside: %s", async (_, body) => {
    await fixture.start("test", webhook());
    for (let n = 0; n < 2; n++) expect((await post(body, { "content-type": "text/plain" })).status).toBe(200);
    await expect.poll(deadLetter).toBeDefined();
    expect((await deadLetter())?.event.data).toMatchObject({ error: "an update of unknown shape" });
    expect(await stored()).toEqual([{ unreadable: body }]);
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });

  it("bounds what it reads", async () => {
    await fixture.start("test", webhook());
    expect((await post(`"${"x".repeat(1_100_000)}"`)).status).toBe(200);
    expect((await post('{"update_id":1}')).status).toBe(200);
    expect(await stored()).toEqual([{ update_id: 1 }]);
  });

  it("answers what is under way when it stops, and does not wait for idle connections", async () => {
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    fixture.faults.append = async (subject) => {
      if (!isIntake(subject)) return false;
      reached.resolve();
      await goOn.promise;
      return false;
    };
    const notifier = await fixture.start("test", webhook());
    const answer = post('{"update_id":5}');
    await reached.promise;
    const stopped = notifier[Symbol.asyncDispose]();
    const isOpen = () =>
      fetch(`http://127.0.0.1:${port}`).then(
        ({ status }) => status === 401,
        () => false,
      );
    await expect.poll(isOpen).toBe(false);
    goOn.resolve();
    expect((await answer).status).toBe(200);
    await stopped;
    expect(await stored()).toEqual([{ update_id: 5 }]);
    expect(fixture.telegram.calls.filter(({ method }) => method === "deleteWebhook")).toEqual([]);
  });

  it("whose port is taken names the setting", async () => {
    const taken = createServer().listen(port, "0.0.0.0");
    await once(taken, "listening");
    const failure = await fixture.start("test", webhook()).catch((error: Error) => error.message);
    taken.close();
    expect(failure).toContain("TELEGRAM_WEBHOOK_PORT");
  });
});

describe("the webhook at Telegram", () => {
  const set = async (url: string) => {
    await fetch(`${fixture.telegram.apiRoot}/bot${token}/setWebhook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ url }),
    });
  };
  const remove = () => fetch(`${fixture.telegram.apiRoot}/bot${token}/deleteWebhook`, { method: "POST" });
  const setBy = () => calls("setWebhook").map(({ payload }) => payload["url"]);

  it("is set again when it was deleted", async () => {
    const notifier = await fixture.start("test", webhook());
    await expect.poll(() => calls("setWebhook").length).toBe(1);
    await remove();
    await expect.poll(() => calls("setWebhook").length).toBe(2);
    await expect.poll(() => problem(notifier)).toBe("");
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });

  it("that another application set in its place is named and left alone", async () => {
    const notifier = await fixture.start("test", webhook());
    await expect.poll(() => calls("setWebhook").length).toBe(1);
    await set("http://other.example/hidden");
    await expect.poll(() => problem(notifier)).toContain("set elsewhere (other.example)");
    const looks = calls("getWebhookInfo").length;
    await expect.poll(() => calls("getWebhookInfo").length).toBeGreaterThan(looks + 3);
    expect(setBy()).toEqual([webhook().url, "http://other.example/hidden"]);
    expect(fixture.logged.join("")).not.toContain("hidden");
  });

  it("that stood there before is replaced, with a word in the log", async () => {
    await set("http://other.example/hidden");
    await fixture.start("test", webhook());
    await expect.poll(() => fixture.logged.join("")).toContain("another application's webhook was replaced");
    expect(fixture.logged.join("")).toContain("other.example");
    expect(fixture.logged.join("")).not.toContain("hidden");
  });

  it("that Telegram refuses is reported in its words, and tried again", async () => {
    const description = "Bad Request: bad webhook: Failed to resolve host";
    fixture.telegram.fail("setWebhook", { kind: "refuse", code: 400, description }, 1_000);
    const notifier = await fixture.start("test", webhook());
    await expect.poll(() => problem(notifier)).toContain("Failed to resolve host");
    fixture.telegram.faults.clear();
    await expect.poll(() => problem(notifier)).toBe("");
  });

  it("of an earlier start makes room for polling, and what waits for it is fetched", async () => {
    const notifier = await fixture.start("test", webhook());
    const created = await fixture.ask();
    const message = await fixture.message();
    await notifier[Symbol.asyncDispose]();
    const query = fixture.telegram.press(alice, message, "Approve");
    await fixture.start();
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decision(created)).toMatchObject({ kind: "answered" });
    expect(calls("deleteWebhook").map(({ payload }) => payload)).toEqual([{ drop_pending_updates: false }]);
  });

  it("of another application is named by who polls, and left alone", async () => {
    await set("http://other.example/hidden");
    const notifier = await fixture.start();
    await expect.poll(() => problem(notifier)).toContain("webhook of another application (other.example)");
    expect(calls("deleteWebhook")).toEqual([]);
    expect(fixture.logged.join("")).not.toContain("hidden");
    await remove();
    await expect.poll(() => problem(notifier)).toBe("");
  });
});
