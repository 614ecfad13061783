import { freePorts, person } from "@loopgate/testing";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const [port = 0] = await freePorts(1);
const setting = useLoopgate({
  TELEGRAM_WEBHOOK_URL: `http://127.0.0.1:${port}/${textCanary}`,
  TELEGRAM_WEBHOOK_SECRET: `secret-${textCanary}`,
  TELEGRAM_WEBHOOK_PORT: String(port),
});

it("Telegram delivers what people send, also what they sent while Loopgate was down", async () => {
  const ask = { message: "Restart?", request_type: "confirmation", wait_seconds: 0 };
  const { request_id } = await viewFrom(setting.loopgate.url, "request_human_input", ask);
  await expect.poll(() => setting.telegram.messagesIn(7)).toHaveLength(1);
  await setting.loopgate.kill();
  setting.telegram.press(person(7), setting.telegram.messagesIn(7)[0]!, "Approve");
  await setting.restart();
  const view = await viewFrom(setting.loopgate.url, "check_request_status", { request_id, wait_seconds: 50 });
  expect(view).toMatchObject({ status: "decided", approved: true });
  expect(setting.telegram.calls.some(({ method }) => method === "getUpdates")).toBe(false);
});
