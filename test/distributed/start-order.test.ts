import { FakeTelegram } from "@loopgate/testing";
import { describe, expect } from "vitest";
import { it } from "../harness/it.ts";
import {
  type DeployedService,
  type Deployment,
  type ServiceName,
  startDeployment,
} from "../harness/deployment.ts";
import { startRelay } from "../harness/relay.ts";
import { botToken } from "../harness/secret-scan.ts";

const services = ["gateway", "notifier", "state"] as const;

async function aDeployment(parts: AsyncDisposableStack): Promise<Deployment> {
  const telegram = parts.use(await FakeTelegram.start(botToken));
  return parts.use(await startDeployment({ apiRoot: telegram.apiRoot }));
}

const readinessOf = async ({ url }: DeployedService) => {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  return response && `${response.status} ${await response.text()}`;
};

const isReady = (service: DeployedService) => expect.poll(() => readinessOf(service)).toMatch(/^200 /);

describe("a service that starts before", () => {
  it("NATS waits, alive and not ready, and goes on when it is there", async () => {
    await using parts = new AsyncDisposableStack();
    const deployment = await aDeployment(parts);
    await deployment.nats.kill();
    const started = await Promise.all(services.map((name) => deployment.start(name, { awaitReady: false })));
    for (const service of started) {
      await expect
        .poll(() => readinessOf(service))
        .toMatch(/^503 .*"start":"waits: no NATS server answers at .*: check NATS_URL/);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    }

    await deployment.nats.restart();
    for (const service of started) {
      await isReady(service);
      expect(service.output().match(/the start waits/g)).toHaveLength(1);
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      expect(metrics).toContain("process_resident_memory_bytes");
      expect(await service.stop()).toBe(0);
    }
  });

  it("MongoDB is alive and names it, and is ready when it is there", async () => {
    await using parts = new AsyncDisposableStack();
    const deployment = await aDeployment(parts);
    await deployment.mongo.kill();
    const state = await deployment.start("state", { awaitReady: false });
    await expect.poll(() => readinessOf(state)).toMatch(/^503 .*MongoDB/);
    await deployment.mongo.restart();
    await isReady(state);
  });

  it("a frozen NATS waits, too, and is stopped with 0 meanwhile", async () => {
    await using parts = new AsyncDisposableStack();
    const deployment = await aDeployment(parts);
    await deployment.nats.freeze();
    const [gateway, notifier] = await Promise.all([
      deployment.start("gateway", { awaitReady: false }),
      deployment.start("notifier", { awaitReady: false }),
    ]);
    await expect.poll(() => readinessOf(gateway)).toMatch(/^503 .*waits: /);
    await expect.poll(() => readinessOf(notifier)).toMatch(/^503 .*waits: /);
    expect(await notifier.stop()).toBe(0);
    await deployment.nats.thaw();
    await isReady(gateway);
  });
});

describe("a service that loses NATS during its start goes on:", () => {
  it.each<[ServiceName, string, RegExp]>([
    ["gateway", "while it looks at the streams", /STREAM\.INFO\.LOOPGATE_DLQ/],
    ["gateway", "while it opens its bucket", /STREAM\.INFO\.KV_LOOPGATE_SESSIONS/],
    ["notifier", "while it takes its lease", /\$KV\.LOOPGATE_LEASES/],
    ["notifier", "while it creates its consumers", /CONSUMER\.DURABLE\.CREATE/],
    ["state", "while it pulls for the first time", /CONSUMER\.MSG\.NEXT/],
  ])("%s, %s", async (name, _, step) => {
    await using parts = new AsyncDisposableStack();
    const deployment = await aDeployment(parts);
    let isCut = false;
    let hasStruck = false;
    const relay = parts.use(
      await startRelay(Number(new URL(deployment.nats.url).port), () =>
        isCut
          ? undefined
          : {
              toServer: (chunk) => {
                if (hasStruck || !step.test(chunk.toString("latin1"))) return true;
                [isCut, hasStruck] = [true, true];
                setImmediate(() => relay.hangUp());
                return false;
              },
              toClient: () => true,
            },
      ),
    );
    const environment = { NATS_URL: `nats://127.0.0.1:${relay.port}` };
    const service = await deployment.start(name, { environment, awaitReady: false });
    await expect.poll(() => isCut).toBe(true);
    // Long enough for retries of the step to give up, except where the start has already done it.
    await expect
      .poll(async () => (await readinessOf(service)) ?? service.output())
      .toMatch(/waits: |NATS is not connected/);
    isCut = false;
    await isReady(service);
  });
});
