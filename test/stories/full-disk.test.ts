import { rm } from "node:fs/promises";
import { FakeTelegram, mountSmallDisk, person } from "@loopgate/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { callTool, viewFrom } from "../harness/call.ts";
import { diagnose } from "../harness/doctor.ts";
import { startLoopgate, telegramEnvironment } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const probe = await mountSmallDisk(1);
await probe?.[Symbol.asyncDispose]();

const soon = { interval: 50 };

async function aLoopgate() {
  const disk = await mountSmallDisk(24);
  if (disk === undefined) throw new Error("a disk could be mounted a moment ago");
  onTestFinished(() => disk[Symbol.asyncDispose]());
  const telegram = await FakeTelegram.start(botToken);
  onTestFinished(() => telegram[Symbol.asyncDispose]());
  const loopgate = await startLoopgate({ directory: disk.path, apiRoot: telegram.apiRoot });
  onTestFinished(() => loopgate[Symbol.asyncDispose]());
  return { disk, telegram, loopgate };
}

const question = { message: "May I?", request_type: "confirmation" };

describe.skipIf(probe === undefined)("while the disk is full", () => {
  it("an agent is told the truth, people's answers count, and everything goes on after", async () => {
    const { disk, telegram, loopgate } = await aLoopgate();
    const { request_id } = await viewFrom(loopgate.url, "request_human_input", question);
    const shown = () => telegram.messagesIn(7).find(({ text }) => text.includes("May I?"));
    await expect.poll(shown, soon).toBeDefined();
    const filler = await disk.fill();

    const refused = () => callTool(loopgate.url, "request_human_input", { ...question, message: "And now?" });
    await expect.poll(refused, soon).toMatchObject({
      isError: true,
      structuredContent: {
        error: { code: "unavailable", message: expect.stringMatching(/log is full.*nothing was asked/i) },
      },
    });
    const readiness = await fetch(`${loopgate.url}/readyz`);
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toMatchObject({
      ready: true,
      parts: { store: "ok", log: expect.stringContaining("no room left") },
    });
    const environment = {
      LOOPGATE_DATA_DIR: disk.path,
      HOME: disk.path,
      ...telegramEnvironment(telegram.apiRoot),
    };
    const { bad } = await diagnose(environment);
    expect(bad).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^problem daemon: .*log: the log has no room left/),
        expect.stringMatching(/^warning data directory: .* MB left/),
      ]),
    );

    telegram.press(person(7), shown()!, "Approve");
    const decided = () => viewFrom(loopgate.url, "check_request_status", { request_id });
    await expect.poll(decided, soon).toMatchObject({ status: "decided", approved: true });

    await rm(filler);
    const asked = () => callTool(loopgate.url, "request_human_input", { ...question, message: "And after?" });
    await expect.poll(asked, soon).toMatchObject({ structuredContent: { status: "pending" } });
    expect(await loopgate.stop()).toBe(0);
  });
});
