import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeTelegram, person } from "@loopgate/testing";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { type Deployment, startDeployment } from "../harness/deployment.ts";
import { it } from "../harness/it.ts";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const parts = new AsyncDisposableStack();
const secret = "rotated-canary-of-the-tests-0123456789abcd";
let telegram: FakeTelegram;
let deployment: Deployment;
let url: string;
let tokenFile: string;
beforeAll(async () => {
  telegram = parts.use(await FakeTelegram.start(botToken));
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot }));
  tokenFile = join(parts.use(await temporaryDirectory()).path, "token");
  ({ url } = await deployment.start("gateway"));
  await deployment.start("state");
});
afterAll(() => parts.disposeAsync());
beforeEach(async () => {
  telegram.token = botToken;
  await writeFile(tokenFile, botToken);
});

const startNotifier = () =>
  deployment.start("notifier", {
    environment: { TELEGRAM_BOT_TOKEN: "", TELEGRAM_BOT_TOKEN_FILE: tokenFile },
  });

/** The notifier asks, and then its token is replaced. */
async function askAndReplace(token: string) {
  const { request_id } = await viewFrom(url, "request_human_input", {
    message: "Deploy?",
    request_type: "confirmation",
  });
  const asked = () => telegram.messagesIn(7).filter(({ buttons }) => buttons.length > 0);
  await expect.poll(() => asked().length).toBe(1);
  await writeFile(tokenFile, token);
  telegram.token = token;
  telegram.press(person(7), asked()[0]!, "Approve");
  return { request_id, wait_seconds: 30 };
}

it("a notifier obeys a new token of its bot", async () => {
  const notifier = await startNotifier();
  const status = await askAndReplace(`${botToken.split(":")[0]}:${secret}`);
  expect(await viewFrom(url, "check_request_status", status)).toMatchObject({ approved: true });
  const [message] = telegram.messagesIn(7);
  await expect.poll(() => message?.text).toMatch(/^✅ Approved/);
  expect((await fetch(`${notifier.url}/readyz`)).status).toBe(200);
  expect(notifier.output()).toContain("TELEGRAM_BOT_TOKEN_FILE has a new one");
  expect(notifier.output()).not.toContain(secret);
  expect(await notifier.stop()).toBe(0);
});

it("a notifier whose file gets another bot's token ends with the reason, and loses nothing", async () => {
  const notifier = await startNotifier();
  const status = await askAndReplace(`7000000099:${secret}`);
  await expect.poll(() => notifier.output()).toContain("the token of another bot: restart to use that bot");
  await expect
    .poll(() =>
      fetch(`${notifier.url}/healthz`).then(
        () => "up",
        () => "down",
      ),
    )
    .toBe("down");
  expect(await notifier.stop()).toBe(1);
  expect(notifier.output()).not.toContain(secret);
  telegram.token = botToken;
  await writeFile(tokenFile, botToken);
  await startNotifier();
  expect(await viewFrom(url, "check_request_status", status)).toMatchObject({ approved: true });
});
