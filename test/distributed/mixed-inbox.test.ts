import { creationTag } from "@loopgate/contracts";
import { FakeTelegram, InboxPage } from "@loopgate/testing";
import { expect } from "vitest";
import { it as distributed } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { startDeployment } from "../harness/deployment.ts";
import { telegramEnvironment } from "../harness/loopgate.ts";
import { hasPreviousRelease, installPreviousRelease } from "../harness/previous-release.ts";
import { botToken } from "../harness/secret-scan.ts";

const it = (await hasPreviousRelease()) ? distributed : distributed.skip;

it("what the inbox opens and answers goes on through the notifier and state of the previous release", async () => {
  await using telegram = await FakeTelegram.start(botToken);
  const environment = { LOOPGATE_WEB_RESPONDERS: "web:alice@example.com" };
  await using deployment = await startDeployment({ apiRoot: telegram.apiRoot, environment });
  await using previous = await installPreviousRelease();
  const { nats, database } = deployment;
  expect(await runLoopgate(["bootstrap"], { NATS_URL: nats.url })).toMatchObject({ code: 0 });
  const ofBoth = { ...telegramEnvironment(telegram.apiRoot), NATS_URL: nats.url, MONGODB_URI: database };
  const [gateway, inbox] = await Promise.all([
    deployment.start("gateway"),
    deployment.start("inbox"),
    previous.start("notifier", ofBoth),
    previous.start("state", ofBoth),
  ]);
  const invitation = { NATS_URL: nats.url, LOOPGATE_PUBLIC_URL: inbox.url };
  const { output } = await runLoopgate(["invite", "alice@example.com", "--name", "Alice"], invitation);
  const page = await InboxPage.open(output.trim().split("\n").at(-1) ?? "");

  const asked = { message: "Go?", request_type: "confirmation" };
  const { request_id, created_at } = await viewFrom(gateway.url, "request_human_input", asked);
  const messages = () => telegram.messagesIn(7);
  await expect.poll(messages).toHaveLength(1);
  const waiting = viewFrom(gateway.url, "check_request_status", { request_id, wait_seconds: 40 });
  expect((await page.call(`PUT /v1/requests/${request_id}/seen`)).status).toBe(204);
  const answer = { option: "Approve", tag: creationTag(request_id, created_at) };
  expect((await page.call(`POST /v1/requests/${request_id}/decision`, answer)).status).toBe(200);

  expect(await waiting).toMatchObject({ approved: true, decided_by: { name: "Alice" } });
  await expect.poll(() => messages()[0]?.text).toContain("Approved");
  expect(await page.call(`GET /v1/requests/${request_id}`)).toMatchObject({
    status: 200,
    body: { status: "decided", can_answer: false },
  });
}, 240_000);
