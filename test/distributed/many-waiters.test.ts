import { refOf } from "@loopgate/contracts";
import { readFileSync } from "node:fs";
import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { decideAnswer, fold } from "@loopgate/domain";
import { FakeTelegram } from "@loopgate/testing";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import { startDeployment } from "../harness/deployment.ts";
import { botToken } from "../harness/secret-scan.ts";
import { startTcpProxy } from "../harness/tcp-proxy.ts";

const count = 2_000;
const retentionMs = 90 * 86_400_000;

it(`wakes ${count} calls that wait on one gateway, also those whose decision fell while the broker was cut off`, async () => {
  await using telegram = await FakeTelegram.start(botToken);
  await using deployment = await startDeployment({ apiRoot: telegram.apiRoot });
  await using proxy = await startTcpProxy(Number(new URL(deployment.nats.url).port));
  await using gateway = await deployment.start("gateway", {
    // However long a busy machine takes to open the calls: all of them wait at the same time.
    environment: { NATS_URL: `nats://127.0.0.1:${proxy.port}`, LOOPGATE_MAX_WAIT_SECONDS: "600" },
  });
  const ids = await Promise.all(Array.from({ length: count }, () => ask(gateway.url)));
  const before = residentKiB(gateway.pid);
  const waiting = ids.map((request_id) =>
    viewFrom(gateway.url, "check_request_status", { request_id, wait_seconds: 600 }),
  );
  await expect.poll(() => waitingCalls(gateway.url), { interval: 1_000 }).toBe(count);
  const perWaiter = (residentKiB(gateway.pid) - before) / count;

  const bus = await connectNatsBus({
    servers: deployment.nats.url,
    name: "people",
    retentionMs,
  });
  await using _ = bus;
  const requests = new RequestLog({ log: bus.log, retentionMs });
  proxy.cut();
  await Promise.all(ids.slice(0, count / 2).map((id) => approve(requests, id)));
  proxy.mend();
  await Promise.all(ids.slice(count / 2).map((id) => approve(requests, id)));

  const views = await Promise.all(waiting);
  expect(views.filter(({ approved }) => approved === true)).toHaveLength(count);
  console.log(`${count} calls waiting: ${perWaiter.toFixed(1)} KiB each`);
});

const ask = async (url: string): Promise<string> => {
  const question = { message: "Go?", request_type: "confirmation" };
  return (await viewFrom(url, "request_human_input", question)).request_id;
};

/** What a notifier does with a press. */
async function approve(requests: RequestLog, id: string): Promise<void> {
  const created = await requests.created({ tenant: "default", id });
  if (created === undefined) throw new Error("no question");
  const [recipient] = created.event.data.recipients;
  const judged = decideAnswer(
    fold([created]),
    {
      key: "press",
      endpoint: recipient?.endpoint ?? "",
      responder: recipient?.responders[0] ?? "",
      name: "Alice",
      channel: "telegram",
      choice: { option: 0 },
      storedAt: created.storedAt,
    },
    new Date(),
  );
  if (judged.kind !== "decide") throw new Error(judged.kind);
  expect((await requests.decide(refOf(created.event), () => ({ decide: judged.event }))).kind).toBe("own");
}

const residentKiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

const waitingCalls = async (url: string): Promise<number> => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^loopgate_waiting_calls (\d+)$/m.exec(metrics)?.[1]);
};
