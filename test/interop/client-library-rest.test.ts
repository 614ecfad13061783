import { connect, type LoopgateClient } from "@loopgate/client";
import { freePorts, person, type ShownMessage } from "@loopgate/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { textCanary } from "../harness/secret-scan.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const alice = person(7);
const [port] = await freePorts(1);
// The same port after a restart.
const setting = useLoopgate({ SERVER_PORT: String(port) });
let loopgate: LoopgateClient;
beforeAll(async () => {
  loopgate = connect({ rest: `${setting.loopgate.url}/v1/` });
  await loopgate.initialize("deployer", "1.0.0");
});
afterAll(() => loopgate.close());

const messagesWith = (text: string): readonly ShownMessage[] =>
  setting.telegram.messagesIn(7).filter((message) => message.text.includes(text));

async function shown(text: string): Promise<ShownMessage> {
  await expect.poll(() => messagesWith(text)).toHaveLength(1);
  return messagesWith(text)[0]!;
}

it("asks over /v1, and waits for the person", async () => {
  const question = { message: `${textCanary} release`, options: ["Ship", { label: "Wait", value: "later" }] };
  const asking = loopgate.ask({ ...question, metadata: { build: 42 } });
  setting.telegram.press(alice, await shown("release"), "Wait");
  expect(await asking).toMatchObject({ status: "decided", response: "later", client_id: "deployer" });
});

it("survives a kill -9 of the gateway in the middle of the wait: one answer, asked once", async () => {
  const question = { message: `${textCanary} survive`, requestType: "confirmation" } as const;
  const asking = loopgate.ask({ ...question, idempotencyKey: "survive" });
  const message = await shown("survive");
  const again = () => loopgate.submit({ ...question, idempotencyKey: "survive" });
  await expect.poll(again).toMatchObject({ delivery: "delivered" });
  await setting.loopgate.kill();
  setting.telegram.press(alice, message, "Approve");
  await setting.restart();
  expect(await asking).toMatchObject({ status: "decided", approved: true });
  expect(messagesWith("survive")).toHaveLength(1);
});

it("throws what Loopgate refuses, with the request that is the reason", async () => {
  const question = { message: `${textCanary} refused`, idempotencyKey: "refused" };
  const { request_id } = await loopgate.submit(question);
  await expect(loopgate.submit({ ...question, message: "Other?" })).rejects.toMatchObject({
    name: "LoopgateError",
    code: "idempotency_conflict",
  });
  setting.telegram.reply(alice, await shown("refused"), "blue");
  expect(await loopgate.waitFor(request_id)).toMatchObject({ response: "blue" });
  await expect(loopgate.cancel(request_id)).rejects.toMatchObject({
    code: "already_decided",
    request: { request_id, response: "blue" },
  });
  await expect(loopgate.waitFor("unknown")).rejects.toMatchObject({ code: "not_found" });
  const open = await loopgate.submit({ message: `${textCanary} withdrawn` });
  expect(await loopgate.cancel(open.request_id, "enough")).toMatchObject({ reason: "enough" });
});

it("has no tools", async () => {
  await expect(loopgate.listTools()).rejects.toThrow("connect to the address of /mcp");
});

it("says at once if nothing answers, or something else does", async () => {
  const [unused] = await freePorts(1);
  const nowhere = connect({ rest: `http://127.0.0.1:${unused}/v1` });
  await expect(nowhere.initialize("c", "1")).rejects.toMatchObject({ code: "unavailable" });
  const elsewhere = connect({ rest: `${setting.loopgate.url}/v2` });
  await expect(elsewhere.initialize("c", "1")).rejects.toMatchObject({ code: "unavailable" });
});
