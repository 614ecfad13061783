import { expect } from "vitest";

/** A bot token that only tests use: found in any output, it leaked. */
export const botToken = "7000000042:AAcanaryTokenOfTheTests_0123456789abcd";

/** Stands in every message text and metadata that tests send: found in any output, a text leaked. */
export const textCanary = "canary-text-4711";

/** Fails if an output of Loopgate holds the bot token, a message text, or the token's secret half. */
export function expectNoSecrets(output: string): void {
  for (const secret of [botToken, botToken.slice(11), textCanary]) {
    expect(output.includes(secret), `an output of Loopgate holds ${secret.slice(0, 6)}…`).toBe(false);
  }
}
