import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { person } from "@loopgate/testing";
import { expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { botToken } from "../harness/secret-scan.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const setting = StdioSetting.use();
const alice = person(7);
const secret = "rotated-canary-of-the-tests-0123456789abcd";
const newToken = `${botToken.split(":")[0]}:${secret}`;
const question = { message: "Deploy?", request_type: "confirmation" };

/** A token's file for the variables of a process. */
async function tokenFile() {
  const path = join(setting.directory, "bot-token");
  await writeFile(path, botToken);
  return { path, environment: { TELEGRAM_BOT_TOKEN: "", TELEGRAM_BOT_TOKEN_FILE: path } };
}

/** @BotFather replaces the token. The poll that waits is answered, so that the next one is refused. */
function rotate(token = newToken): void {
  setting.telegram.token = token;
  setting.telegram.push({ something: {} } as never);
}

it("`serve` obeys a new token in its file, and serves stdio proxies that read it", async () => {
  const { path, environment } = await tokenFile();
  const serve = await setting.serve(environment);
  const { request_id } = await viewFrom(serve.url, "request_human_input", question);
  const message = await setting.messageWith("Deploy?");
  await writeFile(path, `${newToken}\n`);
  rotate();
  setting.telegram.press(alice, message, "Approve");
  const status = { request_id, wait_seconds: 30 };
  expect(await viewFrom(serve.url, "check_request_status", status)).toMatchObject({ approved: true });
  const proxy = setting.proxy(environment);
  expect(await proxy.view("check_request_status", { request_id })).toMatchObject({ approved: true });
  await proxy.view("request_human_input", { message: "And now?" });
  await setting.messageWith("And now?");
  expect(serve.output()).not.toContain(secret);
  await proxy[Symbol.asyncDispose]();
});

it("`serve` says that its file has another bot's token, goes on, and obeys a token of its own bot", async () => {
  const { path, environment } = await tokenFile();
  const serve = await setting.serve(environment);
  const { request_id } = await viewFrom(serve.url, "request_human_input", question);
  const message = await setting.messageWith("Deploy?");
  await writeFile(path, `7000000099:${secret}`);
  rotate();
  const why = "with the token of another bot: restart to use that bot";
  await expect.poll(() => serve.output()).toContain(why);
  expect(await (await fetch(`${serve.url}/readyz`)).text()).toContain(why);
  await writeFile(path, newToken);
  setting.telegram.press(alice, message, "Deny");
  const status = { request_id, wait_seconds: 30 };
  expect(await viewFrom(serve.url, "check_request_status", status)).toMatchObject({ approved: false });
  await expect.poll(async () => (await fetch(`${serve.url}/readyz`)).text()).not.toContain(why);
  expect(serve.output()).not.toContain(secret);
});

it("a daemon obeys a new token in the file of a relative path, and goes on to serve", async () => {
  const { path, environment } = await tokenFile();
  const relative = { ...environment, TELEGRAM_BOT_TOKEN_FILE: "bot-token" };
  const started = setting.proxy(relative, { cwd: setting.directory });
  const { request_id } = await started.view("request_human_input", question);
  const message = await setting.messageWith("Deploy?");
  const daemon = await setting.daemon();
  await writeFile(path, newToken);
  rotate();
  setting.telegram.press(alice, message, "Approve");
  const status = { request_id, wait_seconds: 30 };
  expect(await started.view("check_request_status", status)).toMatchObject({ approved: true });
  const next = setting.proxy(environment);
  await next.ready();
  expect(await setting.daemon()).toBe(daemon);
  expect(await setting.log()).not.toContain(secret);
});
