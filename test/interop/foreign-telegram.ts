import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "@loopgate/testing";
import { TelegramServer } from "telegram-test-api/lib/telegramServer.js";
import { botToken } from "../harness/secret-scan.ts";
import type { TelegramPeer } from "./telegram-peer.ts";

/** The peer answers a poll at once, also with nothing: a poll that finds nothing waits so long, in milliseconds. */
const POLL_MS = 50;

/** `telegram-test-api`, behind a port that makes polls wait and keeps what its server throws away. It is always bot 666. */
export async function startForeignTelegram(): Promise<TelegramPeer> {
  const token = `666:${botToken.slice(11)}`;
  const answers: string[] = [];
  const [port = 0] = await freePorts(1);
  const foreign = new TelegramServer({ host: "127.0.0.1", port });
  await foreign.start();
  const front = createServer((request, response) => {
    void forward(request).then(({ status, text }) => response.writeHead(status, json).end(text));
  });
  const forward = async (request: IncomingMessage) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    if (request.url?.endsWith("/answerCallbackQuery"))
      answers.push((JSON.parse(body) as { text: string }).text);
    const reply = await fetch(`${foreign.config.apiURL}${request.url}`, {
      method: "POST",
      headers: json,
      body,
    });
    const text = await reply.text();
    if (text === '{"ok":true,"result":[]}') await pause(POLL_MS);
    return { status: reply.status, text };
  };
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const person = foreign.getClient(token, { userId: 7, chatId: 7, firstName: "Alice" });
  return {
    token,
    apiRoot: addressOf(front.address()),
    answers: () => answers,
    messages: () =>
      foreign.storage.botMessages.map(({ messageId, message }) => ({
        id: messageId,
        text: message.text,
        buttons: inlineKeyboardOf(message).map(({ text }) => text),
      })),
    press: async (id, label) => {
      const shown = foreign.storage.botMessages.find(({ messageId }) => messageId === id)?.message;
      const data = inlineKeyboardOf(shown).find(({ text }) => text === label)?.callback_data ?? "";
      const message = { message_id: id, date: 1, text: shown?.text ?? "" };
      await person.sendCallback(person.makeCallbackQuery(data, { message }));
    },
    say: async (text) => void (await person.sendMessage(person.makeMessage(text))),
    reply: async (id, text) => {
      const from = { id: 666, is_bot: true, first_name: "Gate" };
      const chat = { id: 7, type: "private", first_name: "Alice" };
      const options = { reply_to_message: { message_id: id, date: 1, chat, from } };
      await person.sendMessage(person.makeMessage(text, options as object));
    },
    [Symbol.asyncDispose]: async () => {
      front.closeAllConnections();
      front.close();
      await foreign.stop();
    },
  };
}

const json = { "content-type": "application/json" };

const addressOf = (address: AddressInfo | string | null): string =>
  `http://127.0.0.1:${(address as AddressInfo).port}`;

interface Button {
  readonly text: string;
  readonly callback_data?: string;
}

const inlineKeyboardOf = (message: unknown): readonly Button[] => {
  const { reply_markup } = (message ?? {}) as {
    reply_markup?: { inline_keyboard?: readonly (readonly Button[])[] };
  };
  return reply_markup?.inline_keyboard?.flat() ?? [];
};
