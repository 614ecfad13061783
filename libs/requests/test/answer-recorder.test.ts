import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreatedEvent, type Recipient, refOf, sessionKey, tagOf, webInbox } from "@loopgate/contracts";
import { type Bucket } from "@loopgate/bus";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import type { RecipientPolicy } from "@loopgate/domain";
import { webPolicy } from "@loopgate/settings/web";
import { telegramPolicy } from "@loopgate/settings/telegram";
import { aQuestion, oneRecipient } from "@loopgate/testing/builders";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AnswerRecorder, type IncomingAnswer, RequestLog } from "../src/index.ts";

const retentionMs = 90 * 86_400_000;
let folder: string;
let bus: SqliteBus;
let requests: RequestLog;
let sessions: Bucket;
let policies: readonly RecipientPolicy[];
let recorder: AnswerRecorder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopgate-answers-"));
  bus = await openSqliteBus({ path: join(folder, "loopgate.db"), retentionMs });
  requests = new RequestLog({ log: bus.log, retentionMs });
  sessions = await bus.keyValue.bucket("sessions");
  policies = [webPolicy(["web:alice@example.com", "group:deployers"])];
  recorder = new AnswerRecorder({
    requests,
    sessions,
    policies: () => policies,
    now: () => new Date(),
  });
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const inInbox = (...responders: string[]): Recipient => ({ ...webInbox, responders });

async function asked(...recipients: Recipient[]): Promise<CreatedEvent> {
  const created = aQuestion({ recipients });
  await requests.submit(created);
  return created;
}

/** What a signed-in person answers in the inbox, which is at no place of its own. */
const inBrowser = (created: CreatedEvent, changes: Partial<IncomingAnswer> = {}): IncomingAnswer => ({
  request: { ...refOf(created), tag: tagOf(created) },
  endpoints: [],
  isAt: () => true,
  principals: ["web:alice@example.com", "group:deployers"],
  person: "p_alice",
  auth: "link",
  name: "Alice",
  channel: "web",
  key: "1",
  choice: { option: 0 },
  storedAt: new Date().toISOString(),
  ...changes,
});

it("a person answers by the principal that the question names, and the decision says who it was", async () => {
  const created = await asked(inInbox("web:bob@example.com", "group:deployers"));
  expect(await recorder.record(inBrowser(created))).toMatchObject({
    kind: "recorded",
    decision: {
      event: {
        data: {
          by: {
            type: "human",
            id: "group:deployers",
            name: "Alice",
            channel: "web",
            person: "p_alice",
            auth: "link",
          },
        },
      },
    },
  });
});

it("the same person's answer again is recorded already, another member's of the group came too late", async () => {
  const created = await asked(inInbox("group:deployers"));
  await recorder.record(inBrowser(created));
  expect(await recorder.record(inBrowser(created, { key: "2" }))).toMatchObject({ kind: "already_recorded" });
  const other = { key: "3", principals: ["group:deployers"], person: "p_bob", name: "Bob" };
  expect(await recorder.record(inBrowser(created, other))).toMatchObject({
    kind: "already_decided",
    decision: { event: { data: { by: { person: "p_alice" } } } },
  });
});

it.each<readonly [string, readonly string[], string]>([
  ["no principal", [], "not_a_recipient"],
  ["a principal that the question does not name", ["web:eve@example.com"], "not_allowed"],
  ["the principal of another channel", ["telegram:7"], "not_allowed"],
])("a person with %s is refused", async (_, principals, reason) => {
  const created = await asked(inInbox("group:deployers"), oneRecipient);
  expect(await recorder.record(inBrowser(created, { principals }))).toMatchObject({
    kind: "rejected",
    reason,
  });
  expect(await requests.decision(refOf(created))).toBeUndefined();
});

it("a principal that the settings name no more is refused, though the question names it", async () => {
  const created = await asked(inInbox("group:deployers"));
  policies = [webPolicy(["web:alice@example.com"])];
  expect(await recorder.record(inBrowser(created))).toMatchObject({ reason: "not_allowed" });
});

it("where a session is registered, its responders count in place of those of the settings", async () => {
  const created = await asked(inInbox("group:deployers"));
  const session = {
    session_id: created.data.session_id,
    client_id: "c",
    recipients: [inInbox("web:bob@example.com")],
    active: true,
    created_at: created.time,
  };
  await sessions.create(sessionKey(created.tenant, created.data.session_id), JSON.stringify(session));
  expect(await recorder.record(inBrowser(created))).toMatchObject({ reason: "not_allowed" });
});

it("of several recipients that name the person, the one that is allowed now counts", async () => {
  const created = await asked(inInbox("web:alice@example.com"), oneRecipient);
  const principals = ["web:alice@example.com", "telegram:7"];
  policies = [telegramPolicy({ bot: "42", defaultChat: "7", responders: [], allowedChats: [] })];
  expect(await recorder.record(inBrowser(created, { principals }))).toMatchObject({
    kind: "recorded",
    decision: { event: { data: { by: { id: "telegram:7", channel: "web" } } } },
  });
});
