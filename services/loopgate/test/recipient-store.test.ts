import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteDatabase } from "@loopgate/bus/sqlite";
import type { TelegramRecipients } from "@loopgate/settings/telegram";
import { expect, it, onTestFinished } from "vitest";
import { RecipientStore } from "../src/recipient-store.ts";

const RETENTION_MS = 60_000;

const allowing = (...allowedChats: string[]): TelegramRecipients => ({
  bot: "42",
  responders: [],
  allowedChats,
});

async function openTwice(): Promise<{ first: RecipientStore; reopen: () => Promise<RecipientStore> }> {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-recipients-"));
  const database = SqliteDatabase.open(join(directory, "loopgate.db"));
  onTestFinished(async () => {
    await database[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const open = () => RecipientStore.open(database, "42", RETENTION_MS);
  return { first: await open(), reopen: open };
}

it("the chats of disconnected clients stay allowed, also after a restart", async () => {
  const { first, reopen } = await openTwice();
  for (const policy of [allowing("1"), allowing("2"), { ...allowing("3"), defaultChat: "4" }]) {
    (await first.register(policy))[Symbol.dispose]();
  }
  for (const store of [first, await reopen()]) {
    expect(store.policies.flatMap(({ allowedChats }) => allowedChats).sort()).toEqual(["1", "2", "3"]);
  }
});

it("a later client with the same default chat replaces the stored recipients", async () => {
  const { first, reopen } = await openTwice();
  for (const chats of [["1", "2"], ["1"]]) await first.register({ ...allowing(...chats), defaultChat: "4" });
  expect((await reopen()).policies).toEqual([{ ...allowing("1"), defaultChat: "4" }]);
});
