import { beforeEach, expect, it } from "vitest";
import { LastContact } from "../src/outage/last-contact.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

let fixture: NotifierFixture;

beforeEach(async () => {
  fixture = await openFixture();
});

it("tells one of many who ask at once how long the bot was not heard, and those who ask later how long since then", async () => {
  const channels = await fixture.bus.keyValue.bucket("channels");
  const contact = new LastContact(channels, { name: "telegram", account: bot });
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
  expect(await contact.mark(at(0))).toBeUndefined();
  const told = await Promise.all(Array.from({ length: 5 }, () => contact.mark(at(300))));
  expect(told.filter((silence) => silence !== undefined)).toEqual([
    { from: at(0).toISOString(), to: at(300).toISOString() },
  ]);
  expect(await contact.mark(at(310))).toEqual({
    from: at(300).toISOString(),
    to: at(310).toISOString(),
  });
  expect(await new LastContact(channels, { name: "telegram", account: "43" }).mark(at(320))).toBeUndefined();
});

it("a bot is marked at its first sign of life: its first process may soon end", async () => {
  await fixture.start();
  const channels = await fixture.bus.keyValue.bucket("channels");
  await expect.poll(() => channels.get(`telegram_${bot}.heard`)).toBeDefined();
});
