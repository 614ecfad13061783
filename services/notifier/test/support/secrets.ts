export const bot = "4200000001";
export const token = `${bot}:AAnotifierTestToken_0123456789abcdefgh`;
/** A further token of the same bot, and one of another bot. */
export const newToken = `${bot}:BBnotifierTestToken_0123456789abcdefgh`;
export const otherToken = "4200000009:CCnotifierTestToken_0123456789abcdefgh";
export const webhookSecret = "webhook_secret-0123456789";

/** The message of a question, unless the test says otherwise. */
export const secretMessage = "secret question";

/** The secrets of these tests that log lines contain. */
export const leaksIn = (lines: readonly string[]): string[] =>
  [
    ...[token, newToken, otherToken].flatMap((one) => [one.slice(11), encodeURIComponent(one)]),
    webhookSecret,
    secretMessage,
  ].filter((secret) => lines.some((line) => line.includes(secret)));
