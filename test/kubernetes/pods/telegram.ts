// A pod that is Telegram, and the people who approve everything that they are asked. It prints a line for each question
// that appeared and was pressed.
import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram, person } from "@loopgate/testing/telegram";

const LOOK_EVERY_MS = 20;

const telegram = await FakeTelegram.start(process.env["TELEGRAM_BOT_TOKEN"] ?? "", {
  host: "0.0.0.0",
  port: 8080,
});
const pressed = new Set<string>();
for (;;) {
  for (const message of telegram.chats.messages) {
    const key = `${message.chat}/${message.id}`;
    if (message.buttons.length === 0 || pressed.has(key)) continue;
    pressed.add(key);
    telegram.press(person(Number(message.chat)), message, "Approve");
    console.log(`pressed ${key}`);
  }
  await pause(LOOK_EVERY_MS);
}
