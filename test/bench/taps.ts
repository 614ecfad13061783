import { type FakeTelegram, person } from "@loopgate/testing";
import { viewFrom } from "../harness/call.ts";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";

/**
 * Milliseconds from a person's press at Telegram to the answer of the call that waits for it, one press at a time while
 * all others wait. Telegram is a server on this machine: the way through the internet is not in it.
 */
export async function measureTaps(telegram: FakeTelegram, count: number): Promise<readonly number[]> {
  await using directory = await temporaryDirectory();
  const chats = Array.from({ length: count }, (_, index) => 1_001 + index);
  const environment = { TELEGRAM_ALLOWED_CHATS: chats.join(","), LOG_LEVEL: "warn" };
  await using loopgate = await startLoopgate({
    directory: directory.path,
    apiRoot: telegram.apiRoot,
    environment,
  });
  for (const chat of chats) await register(loopgate.url, chat);
  const waiting = chats.map(async (chat) => {
    const session_id = `chat-${chat}`;
    const { request_id } = await viewFrom(loopgate.url, "request_human_input", {
      message: "Go?",
      request_type: "confirmation",
      session_id,
    });
    await viewFrom(loopgate.url, "check_request_status", { request_id, wait_seconds: 50 });
    return performance.now();
  });
  await until(() => chats.every((chat) => telegram.messagesIn(chat).length === 1));
  const taps: number[] = [];
  for (const [index, chat] of chats.entries()) {
    const [message] = telegram.messagesIn(chat);
    if (message === undefined) throw new Error("a message is missing");
    const pressed = performance.now();
    telegram.press(person(chat), message, "Approve");
    taps.push(((await waiting[index]) ?? Number.NaN) - pressed);
  }
  return taps;
}

async function register(url: string, chat: number): Promise<void> {
  const body = JSON.stringify({ session_id: `chat-${chat}`, client_id: "bench", telegram_id: chat });
  const response = await fetch(`${url}/hitl/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.ok) throw new Error(`register: ${response.status}`);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
