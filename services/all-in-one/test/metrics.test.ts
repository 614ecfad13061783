import { metricSeries, person } from "@loopgate/testing";
import { afterAll, expect, it } from "vitest";
import { startTestEmbedded } from "./an-embedded.ts";

const embedded = await startTestEmbedded();
afterAll(() => embedded[Symbol.asyncDispose]());

const value = async (series: string): Promise<number | undefined> =>
  metricSeries(await embedded.scrape()).get(series);

async function call(name: string, given: object): Promise<{ readonly request_id: string }> {
  const body = { method: "tools/call", params: { name, arguments: given }, id: 1 };
  const response = await fetch(`${embedded.url}/mcp`, { method: "POST", body: JSON.stringify(body) });
  const answer = (await response.json()) as { result: { structuredContent: { request_id: string } } };
  return answer.result.structuredContent;
}

/** Asks, and gives the question as it stands in the chat. */
async function ask(given: object) {
  const before = embedded.telegram.messagesIn(7).length;
  const { request_id } = await call("request_human_input", { message: "May I?", ...given });
  await expect.poll(() => embedded.telegram.messagesIn(7).length).toBe(before + 1);
  return { request_id, shown: embedded.telegram.messagesIn(7).at(-1)! };
}

const decisions = (outcome: string) => value(`loopgate_decision_seconds_count{outcome="${outcome}"}`);

it("measure each decision once, by its outcome", async () => {
  const alice = person(7);
  const approval = { request_type: "confirmation" };
  embedded.telegram.press(alice, (await ask(approval)).shown, "Approve");
  embedded.telegram.press(alice, (await ask(approval)).shown, "Deny");
  embedded.telegram.reply(alice, (await ask({})).shown, "as you like");
  await call("cancel_request", { request_id: (await ask({})).request_id });
  await ask({ timeout_seconds: 1 });

  for (const outcome of ["approved", "denied", "answered", "cancelled", "expired"]) {
    await expect.poll(() => decisions(outcome), { timeout: 10_000 }).toBe(1);
  }
  expect(await value('loopgate_decision_seconds_bucket{le="1",outcome="expired"}')).toBe(0);
  expect(await value('loopgate_decision_seconds_bucket{le="5",outcome="expired"}')).toBe(1);
});
