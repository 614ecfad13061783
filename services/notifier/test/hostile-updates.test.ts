import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { deadLetters } from "@loopgate/bus";
import { filters } from "@loopgate/contracts";
import { freePorts, HostileInputs, person, type ShownMessage } from "@loopgate/testing";
import { afterAll, beforeEach, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, webhookSecret as secret } from "./support/secrets.ts";

const SEED = 20_261_201;
const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -100_500;
/** Of the updates that are sent to the webhook directly: far from those that the stand-in gives. */
const FIRST_ID = 5_000_000;
let fixture: NotifierFixture;
let message: ShownMessage;
let created: Awaited<ReturnType<NotifierFixture["ask"]>>;
beforeEach(async () => {
  fixture = await openFixture();
});

/** A question that Alice may answer in a group where Mallory reads it. */
async function ask(): Promise<void> {
  created = await fixture.ask({ chats: [[group, [7]]] });
  message = await fixture.message(group);
}

/** Valid updates of every kind; none of them decides anything, whatever is changed in it. */
function updates(): readonly object[] {
  const gate = { id: Number(bot), is_bot: true, first_name: "Gate", username: "gate_bot" };
  const room = { id: group, type: "supergroup", title: "Room" };
  const asked = { message_id: message.id, date: 100, chat: room, from: gate, text: message.text };
  const data = message.buttons.flat()[0]?.callback_data ?? "";
  const from = { ...mallory, language_code: "en" };
  const said = { message_id: 900, date: 100, chat: room, from };
  const press = { id: "1", from, chat_instance: "1", data, message: asked };
  return [
    { callback_query: press },
    { callback_query: { ...press, from: alice, data: `a${data.slice(1, 10)}${"A".repeat(20)}` } },
    { callback_query: { ...press, message: undefined, inline_message_id: "x", game_short_name: "x" } },
    { message: { ...said, text: "yes", reply_to_message: asked } },
    {
      message: {
        ...said,
        caption: "yes",
        photo: [{ file_id: "x", width: 1, height: 1 }],
        reply_to_message: asked,
      },
    },
    { message: { ...said, text: "x".repeat(4_096), reply_to_message: asked } },
    { message: { ...said, from: alice, text: "loose", entities: [{ type: "bold", offset: 0, length: 5 }] } },
    {
      message: {
        ...said,
        text: "/pending@gate_bot now",
        chat: { id: 666, type: "private", first_name: "M" },
      },
    },
    { message: { ...said, text: "/status", is_topic_message: true, message_thread_id: 5 } },
    {
      message: {
        ...said,
        forward_origin: { type: "user", sender_user: alice },
        text: "yes",
        reply_to_message: asked,
      },
    },
    { message: { ...said, chat: { id: -77, type: "group" }, migrate_to_chat_id: -1_000_000_000_077 } },
    {
      my_chat_member: {
        chat: { id: 666, type: "private" },
        from,
        date: 1,
        old_chat_member: { status: "kicked", user: gate },
        new_chat_member: { status: "member", user: gate },
      },
    },
    { edited_message: { ...said, text: "edited" } },
  ];
}

/** Why an update may be given up. */
const REASONS = new Set(["an update of unknown shape", "the event can't be stored: it is nested too deep"]);

/** Of a request whose length is a lie. */
const UNREAD = "the update is too large to be read";

/** Nothing was decided or failed, and what a person presses then counts. Returns why updates were given up. */
async function expectUnharmed(): Promise<ReadonlySet<string>> {
  await expect.poll(() => fixture.bus.isIdle()).toBe(true);
  const decided = [];
  for await (const page of fixture.bus.log.replay(filters.decided)) decided.push(...page.entries);
  expect(decided).toEqual([]);
  const reasons = new Set<string>();
  for await (const { event } of deadLetters(fixture.bus.log)) reasons.add(event.data.error);
  expect([...reasons].filter((reason) => !REASONS.has(reason) && reason !== UNREAD)).toEqual([]);
  const failures = fixture.logged.filter((line) => /"level":"(?:warn|error|fatal)"/.test(line));
  expect(failures).toEqual([]);
  const query = fixture.telegram.press(alice, message, "Approve");
  expect(await fixture.told(query)).toBe("Recorded: Approve");
  expect(await fixture.decided(created)).toMatchObject({ by: { id: "telegram:7" } });
  return reasons;
}

/** The members of an update as Telegram would send it, which alone numbers updates and writes JSON. */
function membersOf(hostile: HostileInputs): string {
  const json = hostile.textOf(hostile.pick(updates()));
  try {
    const value: unknown = JSON.parse(json);
    const isUpdate =
      typeof value === "object" && value !== null && !Array.isArray(value) && !("update_id" in value);
    if (isUpdate) return json.trim().slice(1, -1).trim();
  } catch {
    // A person typed it.
  }
  const chat = { id: 666, type: "private", first_name: "M" };
  return JSON.stringify({ message: { message_id: 901, date: 1, chat, from: mallory, text: json } }).slice(
    1,
    -1,
  );
}

it("2,000 mutated updates that are polled decide nothing and hold nothing up", async () => {
  await fixture.start();
  await ask();
  const hostile = new HostileInputs(SEED);
  for (let count = 0; count < 2_000; count++) fixture.telegram.push(membersOf(hostile));
  await expect.poll(() => fixture.telegram.held).toEqual([]);
  expect(await expectUnharmed()).toEqual(REASONS);
});

interface Delivery {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 12 });
afterAll(() => agent.destroy());

/** What the webhook answers: its status and its text. */
async function deliver(port: number, { body, headers }: Delivery): Promise<readonly [number, string]> {
  const path = "/hook";
  const sending = request({ port, path, method: "POST", agent, headers: { ...telegramHeaders, ...headers } });
  sending.end(body);
  const [response] = await once(sending, "response");
  return [Number(response.statusCode), await text(response)];
}

const telegramHeaders = { "x-telegram-bot-api-secret-token": secret, "content-type": "application/json" };

const ODD_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { "content-type": "" },
  { "content-type": "text/plain; charset=utf-16" },
  { "content-type": "multipart/form-data; boundary=x" },
  { "content-type": ";;;" },
  { "content-encoding": "gzip" },
  { expect: "100-continue" },
  { "x-telegram-bot-api-secret-token": "" },
  { "x-telegram-bot-api-secret-token": `${secret}x` },
  { "x-telegram-bot-api-secret-token": "\u00FF".repeat(300) },
  { traceparent: "x".repeat(4_000) },
];

it("2,000 mutated bodies at the webhook get 200, or 401 without the secret, and decide nothing", async () => {
  const [port = 0] = await freePorts(1);
  await fixture.start("test", { url: `http://127.0.0.1:${port}/hook`, secret, port });
  await ask();
  const hostile = new HostileInputs(SEED + 1);
  const deliveries = Array.from({ length: 2_000 }, (_, count) => {
    const body = hostile.textOf({ update_id: FIRST_ID + count, ...hostile.pick(updates()) });
    return { body, headers: hostile.below(5) > 0 ? {} : hostile.pick(ODD_HEADERS) };
  }).values();
  const work = async () => {
    for (const delivery of deliveries) {
      const [status, answer] = await deliver(port, delivery);
      const isTelegram = !("x-telegram-bot-api-secret-token" in delivery.headers);
      expect([delivery, status, answer]).toEqual([delivery, isTelegram ? 200 : 401, ""]);
    }
  };
  await Promise.all(Array.from({ length: 12 }, work));
  expect(await expectUnharmed()).toEqual(REASONS);
});

it("300 mutated HTTP requests at the webhook as bytes get an HTTP answer or the end of the connection", async () => {
  const [port = 0] = await freePorts(1);
  await fixture.start("test", { url: `http://127.0.0.1:${port}/hook`, secret, port });
  await ask();
  const hostile = new HostileInputs(SEED + 2);
  for (let count = 0; count < 300; count++) {
    const body = hostile.textOf({ update_id: FIRST_ID + count, ...hostile.pick(updates()) });
    const head = `POST /hook HTTP/1.1\r\nHost: localhost\r\nX-Telegram-Bot-Api-Secret-Token: ${secret}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", () => undefined).end(`${hostile.broken(head)}\r\n\r\n${body}`);
    expect(await text(socket).catch(() => "")).toMatch(/^(?:HTTP\/1\.1 [1234]\d\d |$)/);
  }
  await expectUnharmed();
});
