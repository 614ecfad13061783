import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { viewOf } from "@loopgate/domain";
import { FakeTelegram, person } from "@loopgate/testing";
import { MongoClient } from "mongodb";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import { callTool, viewFrom } from "../harness/call.ts";
import { startDeployment } from "../harness/deployment.ts";
import { botToken } from "../harness/secret-scan.ts";

const retentionMs = 90 * 86_400_000;

it("a question asked at one gateway is decided through the second notifier, wakes the caller at a third gateway, and reads the same everywhere", async () => {
  await using telegram = await FakeTelegram.start(botToken);
  await using deployment = await startDeployment({ apiRoot: telegram.apiRoot });
  const [a, b, c] = await Promise.all([
    deployment.start("gateway"),
    deployment.start("gateway"),
    deployment.start("gateway"),
    deployment.start("state"),
    deployment.start("state"),
  ]);
  const first = await deployment.start("notifier");
  const asked = await viewFrom(a.url, "request_human_input", {
    message: "Deploy?",
    request_type: "confirmation",
    session_id: "everywhere",
  });
  const { request_id } = asked;
  // Killed before the copy is recorded, a notifier would be followed by one more message (I8).
  await expect
    .poll(() => viewFrom(a.url, "check_request_status", { request_id }))
    .toMatchObject({ delivery: "delivered" });
  const [message] = telegram.messagesIn(7);
  await first.kill();
  await deployment.start("notifier");
  const waiting = viewFrom(c.url, "check_request_status", { request_id, wait_seconds: 50 });

  telegram.press(person(7), message!, "Approve");

  const decided = await waiting;
  expect(decided).toMatchObject({ status: "decided", approved: true, decided_by: { id: "telegram:7" } });
  for (const { url } of [a, b, c]) {
    expect(await viewFrom(url, "check_request_status", { request_id })).toEqual(decided);
    const page = await callTool(url, "list_pending_requests", { session_id: "everywhere" });
    expect(page.structuredContent).toMatchObject({ count: 0 });
  }
  await using bus = await connectNatsBus({
    servers: deployment.nats.url,
    name: "reader",
    retentionMs,
  });
  const requests = new RequestLog({ log: bus.log, retentionMs });
  expect(viewOf(await requests.read({ tenant: "default", id: request_id }))).toEqual(decided);
  await expect.poll(() => statusInDatabase(deployment.database, request_id)).toBe("answered");
  await expect.poll(() => message!.text).toContain("✅ Approved");
  expect(message!.buttons).toEqual([]);
  expect(telegram.messagesIn(7)).toHaveLength(1);
});

/** As an operator would look it up. */
async function statusInDatabase(uri: string, id: string): Promise<string | undefined> {
  await using client = new MongoClient(uri);
  const found = await client
    .db()
    .collection<{ _id: string; newest?: { status: string } }>("requests")
    .findOne({ _id: `default.${id}` });
  return found?.newest?.status;
}
