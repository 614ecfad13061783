import { person } from "@loopgate/testing";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const alice = person(7);
const setting = useLoopgate({ TELEGRAM_ALLOWED_CHATS: "-1009", TELEGRAM_RESPONDER_IDS: "" });

async function call(route: string, body?: object) {
  const [method = "", path = ""] = route.split(" ");
  const response = await fetch(`${setting.loopgate.url}/v1${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
  const json: any = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, body: json };
}

const messageWith = async (chat: number, text: string) => {
  const found = () => setting.telegram.messagesIn(chat).filter((message) => message.text.includes(text));
  await expect.poll(() => found().length).toBe(1);
  return found()[0]!;
};

it("a program asks over /v1, waits there, and finds the answer in the history", async () => {
  const asked = await call("POST /requests", { message: "Ship over REST?", request_type: "confirmation" });
  expect(asked).toMatchObject({ status: 201, body: { status: "pending" } });
  const { request_id } = asked.body;
  const message = await messageWith(7, "Ship over REST?");
  const waiting = call(`GET /requests/${request_id}?wait_seconds=50`);
  setting.telegram.press(alice, message, "Approve");
  expect((await waiting).body).toMatchObject({
    request_id,
    approved: true,
    decided_by: { id: "telegram:7" },
  });
  const history = async () => (await call("GET /requests?status=decided&outcome=approved&q=REST")).body.data;
  await expect.poll(history).toMatchObject([{ request_id, outcome: "approved" }]);
  expect((await call("GET /requests/count?status=decided")).body).toEqual({ count: 1, is_exact: true });
});

it("a session that is put over /v1 asks the group that it names, and only its responders", async () => {
  const recipients = [{ channel: "telegram", chat: "-1009", responders: ["telegram:7"] }];
  expect((await call("PUT /sessions/rest%20story", { client_id: "c", recipients })).status).toBe(201);
  const question = { message: "Ask the group?", session_id: "rest story", request_type: "confirmation" };
  const { request_id } = (await call("POST /requests", question)).body;
  const message = await messageWith(-1009, "Ask the group?");
  setting.telegram.press(person(8), message, "Approve");
  setting.telegram.press(alice, message, "Deny");
  expect((await call(`GET /requests/${request_id}?wait_seconds=50`)).body).toMatchObject({
    approved: false,
    decided_by: { id: "telegram:7" },
  });
  expect((await call("DELETE /sessions/rest%20story")).status).toBe(204);
  expect((await call("POST /requests", question)).body).toMatchObject({ code: "session_inactive" });
});

it("a request is withdrawn over /v1, and the person sees it", async () => {
  const { request_id } = (await call("POST /requests", { message: "Withdraw me?" })).body;
  const message = await messageWith(7, "Withdraw me?");
  expect(await call(`POST /requests/${request_id}/cancel`, { reason: "enough" })).toMatchObject({
    status: 200,
    body: { status: "cancelled", reason: "enough" },
  });
  await expect.poll(() => message.text).toContain("enough");
});
