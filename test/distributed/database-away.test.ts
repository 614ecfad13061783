import { FakeTelegram, person } from "@loopgate/testing";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import { callTool, viewFrom } from "../harness/call.ts";
import { type Deployment, startDeployment } from "../harness/deployment.ts";
import { botToken } from "../harness/secret-scan.ts";

const retryWhileUnavailable = { interval: 100 };

it.each(["killed", "frozen"] as const)(
  "a database that is %s at the start, in the middle and for the whole life of a request stops nothing but lists",
  async (fault) => {
    await using telegram = await FakeTelegram.start(botToken);
    await using deployment = await startDeployment({
      apiRoot: telegram.apiRoot,
      environment: { LOOPGATE_MIN_TIMEOUT_SECONDS: "1" },
    });
    await takeAway(deployment, fault);
    const [gateway] = await Promise.all([
      deployment.start("gateway"),
      deployment.start("notifier"),
      deployment.start("state", { awaitReady: false }),
    ]);

    const whole = await askAndAnswer(gateway.url, telegram, "The first?");
    const silent = await viewFrom(gateway.url, "request_human_input", {
      message: "silence",
      timeout_seconds: 2,
      request_type: "confirmation",
    });
    const keyed = { message: "keyed", idempotency_key: "k", request_type: "confirmation" };
    const [one, again] = [await ask(gateway.url, keyed), await ask(gateway.url, keyed)];
    expect(again.request_id).toBe(one.request_id);
    expect(await callTool(gateway.url, "list_pending_requests", {})).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "unavailable" } },
    });
    const unknown = "01890000-0000-7000-8000-000000000000";
    expect(await callTool(gateway.url, "check_request_status", { request_id: unknown })).toMatchObject({
      structuredContent: { error: { code: "unavailable" } },
    });
    expect(
      await viewFrom(gateway.url, "check_request_status", {
        request_id: silent.request_id,
        wait_seconds: 30,
      }),
    ).toMatchObject({ status: "expired", approved: false });

    await giveBack(deployment, fault);
    await expect
      .poll(() => callTool(gateway.url, "list_pending_requests", {}), retryWhileUnavailable)
      .toMatchObject({ structuredContent: { count: 1, requests: [{ request_id: one.request_id }] } });
    expect((await viewFrom(gateway.url, "check_request_status", whole)).status).toBe("decided");
    expect(await callTool(gateway.url, "check_request_status", { request_id: unknown })).toMatchObject({
      structuredContent: { error: { code: "not_found" } },
    });

    await takeAway(deployment, fault);
    await askAndAnswer(gateway.url, telegram, "The second?");
    expect(
      await viewFrom(gateway.url, "cancel_request", { request_id: one.request_id, reason: "enough" }),
    ).toMatchObject({ status: "cancelled" });
    await giveBack(deployment, fault);
    await expect
      .poll(() => callTool(gateway.url, "list_pending_requests", {}), retryWhileUnavailable)
      .toMatchObject({ structuredContent: { count: 0 } });
  },
);

const ask = (url: string, question: Record<string, unknown>) =>
  viewFrom(url, "request_human_input", question);

/** A whole life: asked, waited for, answered, read. */
async function askAndAnswer(url: string, telegram: FakeTelegram, message: string) {
  const { request_id } = await ask(url, { message, request_type: "confirmation" });
  const waiting = viewFrom(url, "check_request_status", { request_id, wait_seconds: 50 });
  const shown = () => telegram.messagesIn(7).find(({ text }) => text.includes(message));
  await expect.poll(shown, retryWhileUnavailable).toBeDefined();
  telegram.press(person(7), shown()!, "Approve");
  expect(await waiting).toMatchObject({ status: "decided", approved: true });
  expect(await viewFrom(url, "check_request_status", { request_id })).toMatchObject({ approved: true });
  return { request_id };
}

const takeAway = ({ mongo }: Deployment, fault: "killed" | "frozen"): Promise<void> =>
  fault === "killed" ? mongo.kill() : mongo.freeze();

const giveBack = ({ mongo }: Deployment, fault: "killed" | "frozen"): Promise<void> =>
  fault === "killed" ? mongo.restart() : mongo.thaw();
