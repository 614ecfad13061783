import { FakeTelegram, person } from "@loopgate/testing";
import { botToken } from "../harness/secret-scan.ts";

/** A Bot API server with one person, Alice, in chat 7, as a test sees it. */
export interface TelegramPeer extends AsyncDisposable {
  readonly token: string;
  readonly apiRoot: string;
  /** What the bot's messages show now, oldest first. */
  messages(): readonly { readonly id: number; readonly text: string; readonly buttons: readonly string[] }[];
  /** What she was told about her presses. */
  answers(): readonly string[];
  press(message: number, label: string): Promise<void>;
  say(text: string): Promise<void>;
  reply(message: number, text: string): Promise<void>;
}

/** Our own stand-in as such a peer. */
export async function startOwnTelegram(): Promise<TelegramPeer> {
  const telegram = await FakeTelegram.start(botToken);
  const alice = person(7);
  const find = (id: number) => telegram.messagesIn(7).find((message) => message.id === id)!;
  return {
    token: botToken,
    apiRoot: telegram.apiRoot,
    answers: () => telegram.answers.map(({ text }) => text),
    messages: () =>
      telegram.messagesIn(7).map(({ id, text, buttons }) => ({
        id,
        text,
        buttons: buttons.flat().map((button) => button.text),
      })),
    press: async (id, label) => void telegram.press(alice, find(id), label),
    say: async (text) => telegram.say(alice, 7, text),
    reply: async (id, text) => telegram.reply(alice, find(id), text),
    [Symbol.asyncDispose]: () => telegram[Symbol.asyncDispose](),
  };
}
