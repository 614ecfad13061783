import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { creationTag, newRequestId } from "@loopgate/contracts";
import { FakeTelegram, freePorts, InboxPage, person, startSpecialNatsServer } from "@loopgate/testing";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect } from "vitest";
import { it } from "../harness/it.ts";
import { callTool, viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { type Deployment, type ServiceName, startDeployment } from "../harness/deployment.ts";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const configFile = fileURLToPath(new URL("../../deploy/nats/users.conf", import.meta.url));
const parts = new AsyncDisposableStack();
let telegram: FakeTelegram;
let deployment: Deployment;
beforeAll(async () => {
  for (const user of ["OPERATOR", "GATEWAY", "INBOX", "NOTIFIER", "STATE"]) {
    process.env[`NATS_${user}_PASSWORD`] = user.toLowerCase();
  }
  telegram = parts.use(await FakeTelegram.start(botToken));
  const nats = await startSpecialNatsServer({ configFile });
  if (nats === undefined) throw new Error("this topology needs NATS (see above)");
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot, nats }));
});
afterAll(() => parts.disposeAsync());

const urlAs = (user: string) => deployment.nats.url.replace("//", `//${user}:${user}@`);
const startAs = (service: ServiceName, environment: Readonly<Record<string, string>> = {}) =>
  deployment.start(service, { environment: { NATS_URL: urlAs(service), ...environment } });

/** By webhook the notifier does all that it does by polling, and remembers more. */
async function webhook() {
  const [port = 0] = await freePorts(1);
  return {
    TELEGRAM_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
    TELEGRAM_WEBHOOK_SECRET: "of-the-least-privileged",
    TELEGRAM_WEBHOOK_PORT: String(port),
  };
}

it("before the bootstrap a service says what to do; after it each does its work with its own user", async () => {
  const failure = await startAs("gateway").catch(String);
  expect(failure).toContain("bootstrap");
  expect(await runLoopgate(["bootstrap"], { NATS_URL: urlAs("operator") })).toMatchObject({ code: 0 });
  const starts = [startAs("gateway"), startAs("notifier", await webhook()), startAs("state")] as const;
  const [gateway, notifier, state] = await Promise.all(starts);

  const question = { message: "Go?", request_type: "confirmation" };
  const { request_id } = await viewFrom(gateway.url, "request_human_input", question);
  const waiting = viewFrom(gateway.url, "check_request_status", { request_id, wait_seconds: 40 });
  await expect.poll(() => telegram.messagesIn(7)).toHaveLength(1);
  telegram.press(person(7), telegram.messagesIn(7)[0]!, "Approve");
  expect(await waiting).toMatchObject({ approved: true });
  await expect.poll(() => telegram.messagesIn(7)[0]?.text).toContain("Approved");

  const other = await viewFrom(gateway.url, "request_human_input", question);
  expect(await viewFrom(gateway.url, "cancel_request", { request_id: other.request_id })).toMatchObject({
    status: "cancelled",
  });
  expect(await callTool(gateway.url, "list_pending_requests", {})).toMatchObject({
    structuredContent: { count: 0 },
  });
  for (const { url } of [notifier, state]) {
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("loopgate_consumer_backlog{");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  }
});

it("the user of inbox signs people in, and records what they open and answer", async () => {
  const asking = { LOOPGATE_WEB_RESPONDERS: "web:alice@example.com" };
  const [gateway, inbox] = await Promise.all([startAs("gateway", asking), startAs("inbox", asking)]);
  const environment = { NATS_URL: urlAs("operator"), LOOPGATE_PUBLIC_URL: inbox.url };
  const { output } = await runLoopgate(["invite", "alice@example.com", "--name", "Alice"], environment);
  const page = await InboxPage.open(output.trim().split("\n").at(-1) ?? "");

  const question = { message: "Go?", request_type: "confirmation" };
  const { request_id, created_at } = await viewFrom(gateway.url, "request_human_input", question);
  const waiting = viewFrom(gateway.url, "check_request_status", { request_id, wait_seconds: 40 });
  expect((await page.call(`PUT /v1/requests/${request_id}/seen`)).status).toBe(204);
  const answer = { option: "Approve", tag: creationTag(request_id, created_at) };
  expect((await page.call(`POST /v1/requests/${request_id}/decision`, answer)).status).toBe(200);
  expect(await waiting).toMatchObject({ approved: true, decided_by: { name: "Alice", channel: "web" } });

  expect(await runLoopgate(["revoke", "alice@example.com"], environment)).toMatchObject({ code: 0 });
  expect((await page.call("GET /v1/me")).status).toBe(401);
  expect((await fetch(`${inbox.url}/readyz`)).status).toBe(200);
});

it("the operator's user rebuilds the database and lists dead letters", async () => {
  const environment = { NATS_URL: urlAs("operator"), MONGODB_URI: deployment.mongo.newDatabase() };
  expect(await runLoopgate(["rebuild"], environment)).toMatchObject({ code: 0 });
  expect(await runLoopgate(["dead-letters"], environment)).toEqual({ code: 0, output: "" });
});

it.each([
  ["operator", "loopgate.req.v1.default.<id>.decided"],
  ["gateway", "loopgate.req.v1.default.<id>.decided"],
  ["gateway", "loopgate.req.v1.default.<id>.delivered.telegram_1_7.1"],
  ["gateway", "loopgate.channel.v1.default.telegram.1.in"],
  ["gateway", "loopgate.req.v1.default.<id>.seen.p"],
  ["gateway", "$KV.LOOPGATE_WEB_CODES.a"],
  ["gateway", "$KV.LOOPGATE_PEOPLE.a"],
  ["inbox", "loopgate.req.v1.default.<id>.created"],
  ["inbox", "loopgate.req.v1.default.<id>.delivered.telegram_1_7.1"],
  ["inbox", "loopgate.channel.v1.default.telegram.1.in"],
  ["inbox", "$KV.LOOPGATE_SESSIONS.a"],
  ["notifier", "$KV.LOOPGATE_WEB_SESSIONS.a"],
  ["notifier", "loopgate.req.v1.default.<id>.created"],
  ["notifier", "loopgate.timer.v1.default.<id>.expiry"],
  ["state", "loopgate.req.v1.default.<id>.created"],
  ["state", "loopgate.channel.v1.default.telegram.1.in"],
  ["gateway", "$JS.API.STREAM.DELETE.LOOPGATE_REQUESTS"],
])("the user of %s may not publish on %s", async (user, subject) => {
  const server = deployment.nats.url;
  await using connection: NatsConnection = await connect({ servers: server, user, pass: user });
  const refused = firstError(connection);
  connection.publish(subject.replace("<id>", newRequestId()), "{}");
  await connection.flush();
  expect(await refused).toContain("Permissions Violation for Publish");
});

async function firstError(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) if (status.type === "error") return String(status.error);
  return "none";
}

it("a service whose user lacks a permission names it, says what to do, and ends with 1", async () => {
  await using directory = await temporaryDirectory();
  const poor = join(directory.path, "users.conf");
  const granted = await readFile(configFile, "utf8");
  await writeFile(poor, granted.replace('"loopgate.req.v1.*.*.created", ', ""));
  await using nats = await startSpecialNatsServer({ configFile: poor });
  const url = nats?.url ?? "";
  const as = (user: string) => url.replace("//", `//${user}:${user}@`);
  expect(await runLoopgate(["bootstrap"], { NATS_URL: as("operator") })).toMatchObject({ code: 0 });
  const failure = await startAs("gateway", { NATS_URL: as("gateway") }).catch(String);
  expect(failure).toContain("ended with 1");
  expect(failure).toContain("publish to loopgate.req.v1.*.*.created: grant it");
});
