import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, person } from "@loopgate/testing";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { webhookSecret as secret } from "./support/secrets.ts";

const alice = person(7);
const next = `${secret}_next`;
let fixture: NotifierFixture;
let secretFile: string;
let ports: readonly number[];
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-webhook-secret-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  secretFile = join(folder, "secret");
  await writeFile(secretFile, secret);
  fixture = await openFixture();
  ports = await freePorts(2);
});

const start = (replica = 0) => {
  const port = ports[replica]!;
  const url = `http://127.0.0.1:${ports[0]}/hook`;
  return fixture.start(`replica ${replica}`, { url, secret, secretFile, port, lookEveryMs: 3_600_000 });
};

/** What an update with this secret is answered. */
async function post(withSecret: string, replica = 0): Promise<number> {
  const headers = { "x-telegram-bot-api-secret-token": withSecret, "content-type": "application/json" };
  const url = `http://127.0.0.1:${ports[replica]}/hook`;
  return (await fetch(url, { method: "POST", headers, body: '{"update_id":1}' })).status;
}

const setWith = () =>
  fixture.telegram.calls.flatMap(({ method, payload }) =>
    method === "setWebhook" ? [payload["secret_token"]] : [],
  );
const answersPress = async () => {
  const before = fixture.telegram.messagesIn(7).length;
  const created = await fixture.ask();
  fixture.telegram.press(alice, await fixture.message(7, before), "Approve");
  expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
};

describe("a new secret in the webhook's file", () => {
  it("is set at Telegram and accepted by every replica, at once and without a restart", async () => {
    await start();
    await expect.poll(setWith).toEqual([secret]);
    await start(1);
    expect(await post(next)).toBe(401);
    await writeFile(secretFile, `${next}\n`);
    await expect.poll(setWith).toEqual([secret, next]);
    await answersPress();
    await expect.poll(() => post(next, 1)).toBe(200);
    expect(fixture.logged.join("")).toContain("TELEGRAM_WEBHOOK_SECRET_FILE has a new secret");
  });

  it("ends the one before, after the time that all replicas need", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
    onTestFinished(() => now.mockRestore());
    await start();
    await writeFile(secretFile, next);
    await expect.poll(() => post(next)).toBe(200);
    now.mockReturnValue(120_999);
    expect([await post(secret), await post(next), await post("")]).toEqual([200, 200, 401]);
    now.mockReturnValue(121_000);
    expect([await post(secret), await post(next), await post("")]).toEqual([401, 200, 401]);
  });

  it.each([
    ["nothing", () => writeFile(secretFile, ""), "names an empty file"],
    ["what Telegram would refuse", () => writeFile(secretFile, "a b"), "must be 1 to 256 characters"],
    ["too much", () => writeFile(secretFile, "x".repeat(300)), "must be 1 to 256 characters"],
    ["no file", () => rm(secretFile), "names a file that can't be read"],
  ])("is none if there is %s: the previous one stays, and the log says so", async (_, change, words) => {
    await start();
    await expect.poll(setWith).toEqual([secret]);
    await change();
    await expect.poll(() => fixture.logged.join("")).toContain(`TELEGRAM_WEBHOOK_SECRET_FILE `);
    expect(fixture.logged.join("")).toContain(words);
    expect(await post(secret)).toBe(200);
    await answersPress();
    await writeFile(secretFile, next);
    await expect.poll(setWith).toEqual([secret, next]);
    await answersPress();
  });

  it("does not take the webhook back from another application", async () => {
    await start();
    await expect.poll(setWith).toEqual([secret]);
    const { apiRoot, token } = fixture.telegram;
    const other = { url: "http://other.example/hook" };
    await fetch(`${apiRoot}/bot${token}/setWebhook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(other),
    });
    await writeFile(secretFile, next);
    const looks = () => fixture.telegram.calls.filter(({ method }) => method === "getWebhookInfo").length;
    const before = looks();
    await expect.poll(looks).toBeGreaterThan(before);
    expect(await post(next)).toBe(200);
    expect(setWith()).toEqual([secret, undefined]);
  });
});
