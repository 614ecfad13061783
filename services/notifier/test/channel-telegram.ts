import { telegramEndpoint, telegramPolicy, telegramResponder } from "@loopgate/settings/telegram";
import { FakeTelegram, person, Refused, type ShownMessage } from "@loopgate/testing";
import { callbackData } from "../src/channels/telegram/rendering/callback-data.ts";
import { connectTelegram } from "../src/index.ts";
import type { ChannelUnderTest, Told } from "./channel-under-test.ts";

const bot = "4200000002";
const token = `${bot}:AAchannelTestToken_0123456789abcdefghi`;
const people = {
  alice: person(7),
  bob: person(8, "Bob", "Stone"),
  mallory: person(666, "Mallory", "M"),
} as const;
const chats = { alice: 7, room: -100_500, nowhere: 404 } as const;

/** One bot, over the fake Telegram. */
export async function openTelegram(): Promise<ChannelUnderTest> {
  const telegram = await FakeTelegram.start(token);
  telegram.chats.refusing.set(String(chats.nowhere), new Refused(400, "Bad Request: chat not found"));
  const isNotice = ({ text }: ShownMessage) => text.startsWith("📴");
  const isQuestion = ({ text }: ShownMessage) => text.includes("-bot asks");
  const messagesAt = (place: keyof typeof chats) => telegram.messagesIn(chats[place]);
  const find = (place: keyof typeof chats, id: string) =>
    messagesAt(place).find((message) => String(message.id) === id)!;
  return {
    account: bot,
    policy: telegramPolicy({ bot, responders: ["7", "8"], allowedChats: [] }),
    connect: (surroundings) =>
      connectTelegram({ ...surroundings, api: { token, apiRoot: telegram.apiRoot, callSeconds: 2 } }),
    recipientAt: (place, named) => ({
      channel: "telegram",
      endpoint: telegramEndpoint({ bot, chat: String(chats[place]) }),
      responders: named.map((name) => telegramResponder(people[name].id)),
    }),
    copiesAt: (place) =>
      messagesAt(place)
        .filter((message) => isQuestion(message) && !isNotice(message))
        .map((message) => ({
          id: String(message.id),
          text: message.text,
          isOpen: message.buttons.length > 0 || (message.forcesReply && message.edits === 0),
        })),
    noticesAt: (place) => messagesAt(place).flatMap((one) => (isNotice(one) ? [one.text] : [])),
    answer: (who, place, copy, choice) => {
      const message = find(place, copy.id);
      if ("text" in choice) {
        const replies = () => messagesAt(place).filter((one) => !isQuestion(one) && !isNotice(one));
        const before = replies().length;
        telegram.reply(people[who], message, choice.text);
        return () =>
          replies()
            .slice(before)
            .map(({ text }) => toldBy(text));
      }
      const button = "option" in choice ? choice.option : { data: choice.button };
      const query = telegram.press(people[who], message, button);
      return () =>
        telegram.answers.flatMap((answer) => (answer.query === query ? [toldBy(answer.text)] : []));
    },
    buttonOf: callbackData,
    [Symbol.asyncDispose]: () => telegram[Symbol.asyncDispose](),
  };
}

function toldBy(text: string): Told {
  if (text.startsWith("Recorded: ")) return "recorded";
  if (text.startsWith("Already recorded: ")) return "already_recorded";
  if (text.endsWith("Your answer changed nothing.")) return "already_decided";
  if (text.startsWith("I could not handle that.")) return "not_handled";
  return text.startsWith("I could not save that yet") ? "not_saved" : "rejected";
}
