import { viewOf } from "@loopgate/domain";
import { MongoRequestStore } from "@loopgate/state/mongo";
import { FakeTelegram } from "@loopgate/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { type Deployment, startDeployment } from "../harness/deployment.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";

const retryWhileUnavailable = { interval: 200 };
const parts = new AsyncDisposableStack();
let telegram: FakeTelegram;
let deployment: Deployment;
beforeAll(async () => {
  telegram = parts.use(await FakeTelegram.start(botToken));
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot }));
});
afterAll(() => parts.disposeAsync());

async function loopgate(...args: readonly string[]): Promise<string> {
  const environment = { NATS_URL: deployment.nats.url, MONGODB_URI: deployment.database };
  return (await runLoopgate(args, environment)).output;
}

it("bootstrap makes NATS ready, and to run it again changes nothing", async () => {
  expect(await loopgate("bootstrap")).toContain("ready");
  expect(await loopgate("bootstrap")).toContain("ready");
});

it("dead-letters lists what was given up without its text, and replays what a person sent, once", async () => {
  expect(await loopgate("dead-letters")).toBe("");
  await deployment.start("notifier");
  telegram.push({ message: { message_id: "no number", text: textCanary } } as never);
  await expect.poll(() => loopgate("dead-letters"), retryWhileUnavailable).toContain("notifier-inbound");
  const [number = ""] = (await loopgate("dead-letters")).split("\t");
  await loopgate("dead-letters", "replay", number);
  await loopgate("dead-letters", "replay", number);
  const lines = async () => (await loopgate("dead-letters")).trim().split("\n").length;
  await expect.poll(lines, retryWhileUnavailable).toBe(2);
  expect(await loopgate("dead-letters", "replay", "999")).toContain("no dead letter has the number 999");
});

it("dead-letters lists what could never be stored by kind, size and reason, and can't replay it", async () => {
  const { length } = await loopgate("dead-letters");
  const deep = `${'{"a":'.repeat(5_000)}"${textCanary}"${"}".repeat(5_000)}`;
  telegram.push(`"message":${deep}`);
  const added = async () => (await loopgate("dead-letters")).slice(length);
  await expect.poll(added, retryWhileUnavailable).toContain("intake-telegram");
  const [number = "", ...line] = (await added()).trim().split("\t");
  expect(line.slice(-5)).toEqual([
    "the event can't be stored: it is nested too deep",
    expect.stringMatching(/^loopgate\.channel\./),
    expect.stringMatching(/^tg-\d+-\d+$/),
    "message",
    expect.stringMatching(/^30\d{3} bytes$/),
  ]);
  expect(await loopgate("dead-letters", "replay", number)).toContain("there is nothing to replay");
});

it("rebuild fills an empty database from the log while everything runs", async () => {
  const [gateway] = [await deployment.start("gateway"), await deployment.start("state")];
  const { request_id } = await viewFrom(gateway.url, "request_human_input", { message: textCanary });
  const empty = deployment.mongo.newDatabase();
  expect(await loopgate("rebuild")).toContain("events are in the database");
  await runLoopgate(["rebuild"], { NATS_URL: deployment.nats.url, MONGODB_URI: empty });
  await using store = await MongoRequestStore.open(empty);
  const set = await store.get({ tenant: "default", id: request_id });
  expect(viewOf(set ?? {})).toMatchObject({ request_id, status: "pending" });
});
