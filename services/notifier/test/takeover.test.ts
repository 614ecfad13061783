import { type CreatedEvent, type LogEntry, refOf } from "@loopgate/contracts";
import { telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { RequestLog } from "@loopgate/requests";
import { bootstrapNats, connectNatsBus, type NatsBus } from "@loopgate/bus/nats";
import { aQuestion } from "@loopgate/testing/builders";
import { FakeTelegram, person, startNatsServer } from "@loopgate/testing";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { leaksIn } from "./support/secrets.ts";
import { type NotifierProcess, startProcess } from "./support/process.ts";

const retentionMs = 90 * 86_400_000;
const server = await startNatsServer();
const options = {
  servers: server?.url ?? "",
  name: "takeover",
  retentionMs,
};
if (server !== undefined) await bootstrapNats(options);
afterAll(() => server?.[Symbol.asyncDispose]());

/** Once the lease has run out, a replacement does the work of a dead or frozen process. */
const takeover = { interval: 20 };

let parts: AsyncDisposableStack;
let bus: NatsBus;
let requests: RequestLog;
let telegram: FakeTelegram;
let bot: string;
let processes: NotifierProcess[];
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  bot = String(Math.floor(1e9 + Math.random() * 1e9));
  telegram = parts.use(await FakeTelegram.start(`${bot}:AAtakeoverTestToken_0123456789abcdefgh`));
  bus = parts.use(await connectNatsBus(options));
  requests = new RequestLog({ log: bus.log, retentionMs });
  processes = [];
});
afterEach(async () => {
  await parts.disposeAsync();
  expect(leaksIn(processes.map((one) => one.logged()))).toEqual([]);
});

async function start(): Promise<NotifierProcess> {
  const started = await startProcess({
    NATS_URL: options.servers,
    TELEGRAM_BOT_TOKEN: `${bot}:AAtakeoverTestToken_0123456789abcdefgh`,
    TELEGRAM_API_ROOT: telegram.apiRoot,
  });
  processes.push(started);
  return parts.use(started);
}

const holder = async () => (await (await bus.keyValue.bucket("leases")).get(`telegram_${bot}`))?.value;

/** A notifier that has the lease, and another one that waits for it. */
async function startTwo(): Promise<readonly [first: NotifierProcess, second: NotifierProcess]> {
  const first = await start();
  await expect.poll(holder).toBeDefined();
  return [first, await start()];
}

async function ask(chat: number, message: string): Promise<LogEntry<CreatedEvent>> {
  const recipient = {
    channel: "telegram",
    endpoint: telegramEndpoint({ bot, chat: String(chat) }),
    responders: [telegramResponder(chat)],
  };
  const question = aQuestion({ message, recipients: [recipient], timeoutMs: 600_000 });
  await requests.submit(question);
  return (await requests.created(refOf(question)))!;
}

const decisionOn = async ({ event }: LogEntry<CreatedEvent>) =>
  (await requests.decision({ tenant: "default", id: event.subject }))?.event.data;

describe.skipIf(server === undefined)("a second notifier on the same NATS", () => {
  it("takes over what a killed one sent, received and was about to do", async () => {
    const [first] = await startTwo();
    const open = await ask(7, "secret question, sent");
    await expect.poll(() => telegram.messagesIn(7).length).toBe(1);
    const before = await holder();
    telegram.fail("sendMessage", { kind: "hang" });
    const inFlight = await ask(7, "secret question, in flight");
    await expect.poll(() => telegram.calls.filter(({ method }) => method === "sendMessage").length).toBe(2);
    await first.kill();
    telegram.press(person(7), telegram.messagesIn(7)[0]!, "Approve");
    await ask(8, "secret question, new");

    await expect.poll(() => telegram.messagesIn(8).length, takeover).toBe(1);
    await expect.poll(() => telegram.messagesIn(7).length, takeover).toBe(2);
    await expect.poll(() => decisionOn(open), takeover).toMatchObject({ kind: "answered" });
    telegram.press(person(7), telegram.messagesIn(7)[1]!, "Deny");
    await expect.poll(() => decisionOn(inFlight), takeover).toMatchObject({ kind: "answered" });
    const buttons = () => telegram.messagesIn(7).flatMap((message) => message.buttons);
    await expect.poll(buttons, takeover).toEqual([]);
    expect(await holder()).not.toBe(before);
  });

  it("takes over from a frozen one, which sends nothing more when it goes on but what was under way", async () => {
    const [first] = await startTwo();
    const chats = [11, 12, 13, 14];
    telegram.fail("sendMessage", { kind: "slow", ms: 200 }, 1_000);
    const questions = chats.flatMap((chat) =>
      Array.from({ length: 6 }, (_, n) => ({ chat, message: `secret question ${chat}-${n}.` })),
    );
    await Promise.all(questions.map(({ chat, message }) => ask(chat, message)));
    await expect.poll(() => telegram.chats.messages.length, { interval: 5 }).toBeGreaterThanOrEqual(4);
    first.freeze();
    const shown = () => telegram.chats.messages.map(({ text }) => /question \d+-\d\./.exec(text)?.[0]);
    const different = () => new Set(shown()).size;
    await expect.poll(different, takeover).toBe(questions.length);

    first.thaw();
    await expect.poll(() => first.logged(), takeover).toContain("the lease was lost");
    await ask(15, "secret question, after all");
    await expect.poll(() => telegram.messagesIn(15).length).toBe(1);
    for (const chat of chats) expect(telegram.messagesIn(chat).length, `${chat}`).toBeLessThanOrEqual(7);
  });
});
