import { metricSeries, person } from "@loopgate/testing";
import { afterAll, expect, it } from "vitest";
import { chat, startTestEmbedded, token } from "./support/embedded.ts";

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

/** Asks, and returns the question's message in the chat. */
async function ask(given: object) {
  const before = embedded.telegram.messagesIn(chat).length;
  const { request_id } = await call("request_human_input", { message: "May I?", ...given });
  await expect.poll(() => embedded.telegram.messagesIn(chat).length).toBe(before + 1);
  return { request_id, shown: embedded.telegram.messagesIn(chat).at(-1)! };
}

const decisions = (outcome: string) => value(`loopgate_decision_seconds_count{outcome="${outcome}"}`);

it("measure each decision once, by its outcome", async () => {
  const began = Date.now();
  const alice = person(chat);
  const approval = { request_type: "confirmation" };
  embedded.telegram.press(alice, (await ask(approval)).shown, "Approve");
  embedded.telegram.press(alice, (await ask(approval)).shown, "Deny");
  embedded.telegram.reply(alice, (await ask({})).shown, "as you like");
  await call("cancel_request", { request_id: (await ask({})).request_id });
  await ask({ timeout_seconds: 1 });

  for (const outcome of ["approved", "denied", "answered", "cancelled", "expired"]) {
    await expect.poll(() => decisions(outcome)).toBe(1);
  }
  expect(await value('loopgate_decision_seconds_bucket{le="1",outcome="expired"}')).toBe(0);
  const tookMs = Date.now() - began;
  expect(await value('loopgate_decision_seconds_sum{outcome="expired"}')).toBeLessThanOrEqual(tookMs / 1_000);
});

it("have these names and labels; dashboards and alerts use them, so a change must be deliberate", () => {
  const found = embedded.metrics.getMetricsAsArray() as unknown as {
    readonly name: string;
    readonly type: string;
    readonly labelNames: readonly string[];
  }[];
  const ours = found.filter(({ name }) => name.startsWith("loopgate_"));
  expect(ours.map(({ name, type, labelNames }) => [name, type, ...labelNames].join(" ")).sort()).toEqual([
    "loopgate_answers_total counter outcome",
    "loopgate_appends_lost_total counter event",
    "loopgate_call_seconds histogram tool outcome",
    "loopgate_consumer_backlog gauge consumer",
    "loopgate_consumer_backlog_age_seconds gauge consumer",
    "loopgate_dead_letters_total counter consumer",
    "loopgate_decision_seconds histogram outcome",
    "loopgate_deliveries_total counter",
    "loopgate_inbox_answers_total counter outcome",
    "loopgate_inbox_sign_ins_total counter outcome",
    "loopgate_log_unknown_outcomes_total counter next",
    "loopgate_nats_reconnects_total counter",
    "loopgate_requests_accepted_total counter request_type",
    "loopgate_requests_oldest_pending_age_seconds gauge",
    "loopgate_requests_pending gauge",
    "loopgate_store_failures_total counter operation",
    "loopgate_telegram_calls_total counter method outcome",
    "loopgate_telegram_last_poll_timestamp_seconds gauge",
    "loopgate_telegram_pauses_total counter scope",
    "loopgate_undelivered_total counter reason",
    "loopgate_waiting_calls gauge",
    "loopgate_wake_seconds histogram source",
    "loopgate_work_failures_total counter work consumer error",
  ]);
});

it("include the metrics of the process", async () => {
  const shown = await embedded.scrape();
  for (const name of [
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "nodejs_eventloop_lag_p99_seconds",
    // Its series exist after the first collection.
    "# TYPE nodejs_gc_duration_seconds histogram",
  ]) {
    expect(shown).toContain(name);
  }
});

it("contain no bot, chat, request, client or text, and the log contains no secret and no text", async () => {
  const alice = person(chat, "canary-name");
  const asked = await ask({
    message: "canary-question",
    client_id: "canary-client",
    session_id: "canary-session",
    metadata: { note: "canary-metadata" },
  });
  embedded.telegram.reply(alice, asked.shown, "canary-answer");
  await expect.poll(() => decisions("answered")).toBe(2);
  const other = await ask({ message: "canary-question", options: ["canary-label", "no"] });
  embedded.telegram.press(alice, other.shown, "canary-label");
  await expect.poll(() => decisions("answered")).toBe(3);
  await call("cancel_request", {
    request_id: (await ask({ message: "canary-question" })).request_id,
    reason: "canary-reason",
  });

  // A measured value may have the digits of a chat.
  const shown = (await embedded.scrape()).replaceAll(/ \S+$/gm, "");
  const [bot = "", secret = ""] = token.split(":");
  for (const one of [bot, secret, String(chat), asked.request_id, "canary"]) {
    expect(shown, one).not.toContain(one);
  }
  const logged = embedded.lines.join("");
  expect(logged).toContain(asked.request_id);
  for (const one of [
    secret,
    ...["question", "session", "metadata", "answer", "label", "reason", "name"].map(
      (text) => `canary-${text}`,
    ),
  ]) {
    expect(logged, one).not.toContain(one);
  }
});
