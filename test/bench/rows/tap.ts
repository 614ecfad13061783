import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram, person } from "@loopgate/testing";
import { type Deployment, startDeployment } from "../../harness/deployment.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { ms, type Row } from "../figure.ts";
import { inParallel } from "../in-parallel.ts";
import { measureLoad } from "../load.ts";
import { mcpCall, question, viewIn } from "../mcp-call.ts";
import { openCalls, waitingAt } from "../open-calls.ts";
import { people } from "../people.ts";
import { startAtAnyRate } from "../start-at-any-rate.ts";
import { percentile } from "../statistics.ts";

const WAITING = 1_000;
const LOOK_EVERY_MS = 20;
/** More people at a time than Telegram would let answer; what follows an answer is done by the next one. */
const TAP_EVERY_MS = 25;

/**
 * From a person's press at Telegram to the answer of the call that waits for it at another gateway than was asked, one
 * after the other while all the others wait. Telegram is a server on this machine: its long poll, and the way of the
 * answer to the agent, are in the figure; the internet is not.
 */
export const tap: Row = {
  title: `a person's tap → waiting agent on another replica, ${WAITING.toLocaleString("en")} waiting`,
  measure: async () => {
    await using telegram = await FakeTelegram.start(botToken);
    const { chats, environment, register, session } = people(WAITING);
    await using deployment = await startDeployment({ apiRoot: telegram.apiRoot, environment });
    const { gateway: asked } = await startAtAnyRate(deployment);
    const waitedAt = await deployment.start("gateway", { environment: { LOOPGATE_MAX_WAIT_SECONDS: "600" } });
    await register(asked.url);
    const ids = await ask(asked, chats.map(session));
    const calls = ids.map((request_id) => mcpCall("check_request_status", { request_id, wait_seconds: 600 }));
    const { answers } = await openCalls(`${waitedAt.url}/mcp`, calls, waitingAt(waitedAt.url));
    while (chats.some((chat) => telegram.messagesIn(chat).length === 0)) await pause(LOOK_EVERY_MS);
    const taken = await inParallel(WAITING, 1, async (n) => {
      await pause(TAP_EVERY_MS);
      const chat = chats[n] ?? 0;
      const [message] = telegram.messagesIn(chat);
      if (message === undefined) throw new Error("a message is missing");
      const pressed = performance.now();
      telegram.press(person(chat), message, "Approve");
      const view = viewIn((await answers[n]) ?? "");
      if (view.approved !== true) throw new Error(`the answer says ${view.status}`);
      return performance.now() - pressed;
    });
    const [p50, p99] = [percentile(taken, 50), percentile(taken, 99)];
    return [
      { what: "tap → waiting agent, p50", measured: ms(p50), target: "< 5 ms", isMet: p50 < 5 },
      { what: "tap → waiting agent, p99", measured: ms(p99), target: "< 50 ms", isMet: p99 < 50 },
    ];
  },
};

async function ask(
  gateway: Awaited<ReturnType<Deployment["start"]>>,
  sessions: readonly string[],
): Promise<readonly string[]> {
  const { answers } = await measureLoad(gateway.pid, {
    url: `${gateway.url}/mcp`,
    count: sessions.length,
    inFlight: 32,
    call: (n) =>
      mcpCall("request_human_input", { ...question, session_id: sessions[n], timeout_seconds: 3_600 }),
  });
  return answers.map((answer) => viewIn(answer).request_id);
}
