import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Code that must not know which channels exist. Tests may use one as an example. */
const neutral = [
  "libs/{contracts,domain,bus,requests,async,runtime,rest,client}/src/**/*.ts",
  "services/{state,gateway,notifier,inbox}/src/**/*.ts",
];

/** Where a channel, or what an operator sets for it, is meant. */
const exempt = [
  "services/gateway/src/config/**",
  "services/gateway/src/legacy/**",
  "services/notifier/src/channels/telegram/**",
  // The composition root of the notifier, its settings, and what the program and its doctor use of it.
  "services/notifier/src/{main,service-settings,index}.ts",
  "**/*.test.ts",
];

/** Uses that do not mean Telegram. Each must occur, so that none outlives its reason. */
const exceptions = [
  {
    file: "libs/bus/src/nats/**",
    text: /\bcallback: \(|Without a callback/,
    reason: "the NATS client calls a subscription's handler its callback",
  },
] as const;

/** Words of an identifier or a sentence, whatever their case. */
const words: ReadonlySet<string> = new Set(["chat", "chats", "callback", "callbacks", "bot", "bots"]);

/** Splits `botToken`, `BOT_TOKEN` and `bot-token` alike. */
const wordsIn = (line: string): string[] =>
  line
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3 $2$4")
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase());

const isOfTelegram = (line: string): boolean =>
  /telegram|message_?id/i.test(line) || wordsIn(line).some((word) => words.has(word));

interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

const lines: readonly Line[] = globSync(neutral, { cwd: root, exclude: exempt }).flatMap((file) =>
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .map((text, index) => ({ file, number: index + 1, text })),
);

const filesOf = (pattern: string): ReadonlySet<string> => new Set(globSync(pattern, { cwd: root }));
const excepted = exceptions.map(({ file, text }) => {
  const files = filesOf(file.endsWith("**") ? `${file}/*.ts` : file);
  return (line: Line) => files.has(line.file) && text.test(line.text);
});

it("knows Telegram's words, however they are written", () => {
  const found = ["chatId", "BOT_TOKEN", "the chat's", "messageId", "asTelegramUser", "callback_query"];
  expect(found.filter((text) => !isOfTelegram(text))).toEqual([]);
  expect(["both", "robots.txt", "chatter", "bottom"].filter(isOfTelegram)).toEqual([]);
});

it("finds the code that it is about", () => {
  for (const file of ["libs/requests/src/channel.ts", "services/notifier/src/notifier.ts"])
    expect(lines.some((line) => line.file === file)).toBe(true);
});

it("only a channel's own code speaks of its provider", () => {
  const found = lines.filter((line) => isOfTelegram(line.text) && !excepted.some((is) => is(line)));
  expect(found.map(({ file, number, text }) => `${file}:${number} ${text.trim()}`)).toEqual([]);
});

it.each(exceptions.map(({ reason }, index) => [reason, index] as const))(
  "an exception is in use: %s",
  (_, index) => {
    expect(lines.some((line) => isOfTelegram(line.text) && excepted[index]?.(line))).toBe(true);
  },
);
