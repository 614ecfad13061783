import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { LoginRefused, type StartupError } from "@loopgate/bus";
import { createLogger } from "@loopgate/runtime";
import { freePorts, person } from "@loopgate/testing";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { BotToken } from "../src/channels/telegram/api/bot-token.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, newToken, otherToken, token, webhookSecret as secret } from "./support/secrets.ts";

const alice = person(7);
let fixture: NotifierFixture;
let tokenFile: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-token-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  tokenFile = join(folder, "token");
  await writeFile(tokenFile, token);
  fixture = await openFixture();
  fixture.tokenFile = tokenFile;
});

const healthOf = (notifier: { check(): Promise<void> }) =>
  notifier.check().then(
    () => "",
    ({ message }: Error) => message,
  );

const ways = [
  ["polled", async () => undefined],
  ["by webhook", async () => webhookAt((await freePorts(1))[0]!)],
] as const;
const webhookAt = (port: number) => ({ url: `http://127.0.0.1:${port}/hook`, secret, port, lookEveryMs: 50 });

/** @BotFather gives the bot another token: from now on Telegram refuses the old one. A poll that waits is answered. */
function revoke(): void {
  fixture.telegram.token = newToken;
  fixture.telegram.push({ something: {} } as never);
}

describe.each(ways)("a new token of the bot, %s,", (_, webhook) => {
  it("that the file has before Telegram refuses the old one is used at once", async () => {
    const notifier = await fixture.start("test", await webhook());
    const first = await fixture.ask();
    const message = await fixture.message();
    await writeFile(tokenFile, `${newToken}\n`);
    revoke();
    const query = fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decided(first)).toMatchObject({ answer: { value: "Approve" } });
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    expect(await healthOf(notifier)).toBe("");
    expect(fixture.refusals).toEqual([]);
    expect(fixture.logged.join("")).toContain("TELEGRAM_BOT_TOKEN_FILE has a new one");
  });

  it("that the file gets later is used then, for all that waited", async () => {
    const notifier = await fixture.start("test", await webhook());
    const first = await fixture.ask();
    const message = await fixture.message();
    revoke();
    fixture.telegram.press(alice, message, "Deny");
    await expect.poll(() => healthOf(notifier)).toContain("write a new one into the file");
    await writeFile(tokenFile, newToken);
    expect(await fixture.decided(first)).toMatchObject({ answer: { value: "Deny" } });
    const second = await fixture.ask();
    const query = fixture.telegram.press(alice, await fixture.message(7, 1), "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decided(second)).toMatchObject({ answer: { value: "Approve" } });
    await expect.poll(() => healthOf(notifier)).toBe("");
    expect(fixture.logged.join("")).toContain("Telegram accepts the bot token again");
  });
});

describe("a file without a new token of the bot", () => {
  it.each([
    ["the same token", () => writeFile(tokenFile, token), "write a new one into the file"],
    ["nothing", () => writeFile(tokenFile, "\n"), "TELEGRAM_BOT_TOKEN_FILE names an empty file"],
    ["no token", () => writeFile(tokenFile, "secret question"), "has not the shape <digits>:<letters>"],
    ["too much", () => writeFile(tokenFile, "x".repeat(2_000_000)), "has more than 1048576 bytes"],
    ["no file", () => rm(tokenFile), "TELEGRAM_BOT_TOKEN_FILE names a file that can't be read"],
    [
      "a folder",
      async () => {
        await rm(tokenFile);
        await mkdir(tokenFile);
      },
      "TELEGRAM_BOT_TOKEN_FILE names a file that can't be read",
    ],
  ])("but %s is named, and the process goes on until it has one", async (_, change, words) => {
    const notifier = await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await change();
    revoke();
    await expect.poll(() => healthOf(notifier)).toContain(words);
    expect(await healthOf(notifier)).toMatch(/^Telegram refuses the bot token/);
    expect(fixture.refusals).toEqual([]);
    await rm(tokenFile, { recursive: true, force: true });
    await writeFile(tokenFile, newToken);
    fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });

  it("but another bot's is never used: it is a reason to end", async () => {
    const notifier = await fixture.start();
    await writeFile(tokenFile, otherToken);
    fixture.telegram.token = otherToken;
    fixture.telegram.push({ something: {} } as never);
    await expect.poll(() => healthOf(notifier)).toContain("with the token of another bot");
    expect(fixture.refusals[0]).toContain("with the token of another bot: restart");
    expect(fixture.telegram.held).not.toEqual([]);
  });
});

describe("a token that stays refused", () => {
  const logger = createLogger("test", "fatal", new Writable({ write: (_, __, done) => done() }));
  const refusedFor = async (options: { readonly tokenFile?: string; readonly patienceMs?: number }) => {
    const reasons: StartupError[] = [];
    const held = new BotToken({
      token,
      logger,
      ...options,
      onRefused: (reason) => void reasons.push(reason),
    });
    return { reasons, held };
  };

  it("is a reason to end after its patience, with or without a file, and not before", async () => {
    for (const options of [{ tokenFile }, {}]) {
      const patient = await refusedFor({ ...options, patienceMs: 3_600_000 });
      for (let n = 0; n < 3; n++) expect(await patient.held.refused(token)).toBe(false);
      expect(patient.reasons).toEqual([]);
      const over = await refusedFor({ ...options, patienceMs: 0 });
      expect(await over.held.refused(token)).toBe(false);
      expect(over.reasons).toEqual([expect.any(LoginRefused)]);
      expect(over.reasons[0]?.message).toMatch(/^Telegram refuses the bot token: .*TELEGRAM_BOT_TOKEN/);
    }
  });

  it("has its whole patience again once it was accepted", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
    onTestFinished(() => now.mockRestore());
    const { held, reasons } = await refusedFor({ tokenFile });
    await held.refused(token);
    now.mockReturnValue(50_000);
    await held.refused(token);
    held.accepted();
    expect(held.refusal).toBeUndefined();
    for (const [at, count] of [
      [61_000, 0],
      [120_999, 0],
      [121_000, 1],
    ] as const) {
      now.mockReturnValue(at);
      await held.refused(token);
      expect(reasons).toHaveLength(count);
    }
  });

  it("is replaced once for all calls that were refused with it", async () => {
    const { held } = await refusedFor({ tokenFile });
    await writeFile(tokenFile, newToken);
    expect(await Promise.all([held.refused(token), held.refused(token)])).toEqual([true, true]);
    expect(held.current).toBe(newToken);
    expect(held.current.startsWith(`${bot}:`)).toBe(true);
    expect(await held.refused(token)).toBe(true);
    expect(await held.refused(newToken)).toBe(false);
  });
});
