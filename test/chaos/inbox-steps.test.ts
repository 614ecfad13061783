import { creationTag } from "@loopgate/contracts";
import { FakeTelegram, InboxPage, type PageReply } from "@loopgate/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { type DeployedService, type Deployment, startDeployment } from "../harness/deployment.ts";
import { startNatsTap } from "../harness/nats-tap.ts";
import { botToken } from "../harness/secret-scan.ts";

/** Where browsers find the inbox, whichever process serves it. */
const publicUrl = "http://127.0.0.1:1";
const parts = new AsyncDisposableStack();
let deployment: Deployment;
let gateway: DeployedService;
beforeAll(async () => {
  const telegram = parts.use(await FakeTelegram.start(botToken));
  const environment = { LOOPGATE_WEB_RESPONDERS: "web:alice@example.com", LOOPGATE_PUBLIC_URL: publicUrl };
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot, environment }));
  [gateway] = await Promise.all([deployment.start("gateway"), deployment.start("state")]);
});
afterAll(() => parts.disposeAsync());

async function linkOf(address: string): Promise<string> {
  const environment = { NATS_URL: deployment.nats.url, LOOPGATE_PUBLIC_URL: publicUrl };
  return (await runLoopgate(["invite", address], environment)).output.trim().split("\n").at(-1) ?? "";
}

it.each(["sent", "answered"] as const)(
  "T17: kill -9 of an inbox that decides, before the broker's word is %s: the page that repeats hears of its own decision",
  async (strikeBefore) => {
    await using tap = await startNatsTap(deployment.nats.url);
    const victim = await deployment.start("inbox", { environment: { NATS_URL: tap.url } });
    const page = await InboxPage.open(await linkOf("alice@example.com"), victim.url);
    const question = { message: "Go?", request_type: "confirmation" };
    const { request_id, created_at } = await viewFrom(gateway.url, "request_human_input", question);
    const waiting = viewFrom(gateway.url, "check_request_status", { request_id, wait_seconds: 50 });
    const decide = (at: InboxPage): Promise<PageReply> =>
      at.call(
        `POST /v1/requests/${request_id}/decision`,
        { option: "Approve", tag: creationTag(request_id, created_at) },
        { "idempotency-key": "one press" },
      );

    const struck = tap.strikeAt({ publishes: /\.decided$/, strikeBefore });
    const unheard = decide(page).then(
      () => "heard",
      () => "lost",
    );
    await struck;
    await victim.kill();
    expect(await unheard).toBe("lost");

    const next = await deployment.start("inbox");
    expect(await decide(page.at(next.url))).toMatchObject({ status: 200, body: { approved: true } });
    expect(await waiting).toMatchObject({ approved: true, decided_by: { id: "web:alice@example.com" } });
    await next.stop();
  },
);
