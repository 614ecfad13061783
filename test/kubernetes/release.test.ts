import { afterAll, beforeAll, expect, it } from "vitest";
import { fullValues, objectsIn, render } from "../chart/helm.ts";
import { type Connection, Release, STRANGERS } from "./release.ts";

let release: Release;
beforeAll(async () => {
  release = await Release.prepare();
}, 1_800_000);
afterAll(() => release?.[Symbol.asyncDispose]());

const services = ["gateway", "inbox", "notifier", "state"] as const;

it("is installed on a bare cluster, and the first question is answered over Telegram", async () => {
  await release.deploy();
  await release.startAgents("first", { AGENTS: "1", QUESTIONS: "1" });
  expect(await release.summaryOf("first")).toMatchObject({ asked: 1, approved: 1, refused: [] });
});

it("fits the API server in as many objects as one release can have", async () => {
  const objects = objectsIn(await render(4, "--values", fullValues));
  const known = objects.filter(({ apiVersion }) => !apiVersion.startsWith("monitoring.coreos.com/"));
  await expect(release.check(...known)).resolves.toContain("deployment.apps/loopgate-inbox");
});

const allowed: readonly Connection[] = [
  { from: "telegram", to: "loopgate-gateway:8080" },
  { from: "loopgate-gateway", to: "nats:4222" },
  { from: "loopgate-inbox", to: "nats:4222" },
  { from: "loopgate-notifier", to: "nats:4222" },
  { from: "loopgate-notifier", to: "telegram:8080" },
  { from: "loopgate-state", to: "nats:4222" },
  { from: "loopgate-state", to: "mongodb:27017" },
];

const forbidden: readonly Connection[] = [
  { from: "telegram", namespace: STRANGERS, to: "loopgate-gateway.gate:8080" },
  { from: "telegram", to: "loopgate-inbox:8080" },
  { from: "telegram", to: "loopgate-notifier:8080" },
  { from: "telegram", to: "loopgate-state:8080" },
  { from: "loopgate-gateway", to: "mongodb:27017" },
  { from: "loopgate-gateway", to: "telegram:8080" },
  { from: "loopgate-gateway", to: "loopgate-inbox:8080" },
  { from: "loopgate-gateway", to: "kubernetes.default:443" },
  { from: "loopgate-inbox", to: "mongodb:27017" },
  { from: "loopgate-inbox", to: "telegram:8080" },
  { from: "loopgate-notifier", to: "mongodb:27017" },
  { from: "loopgate-notifier", to: "telegram.strangers:8080" },
  { from: "loopgate-state", to: "telegram:8080" },
  { from: "loopgate-state", to: "loopgate-gateway:8080" },
];

it.each(allowed)("lets $from connect to $to", async (connection) => {
  expect(await release.reaches(connection)).toBe(true);
});

it.each(forbidden)("does not let $from connect to $to", async (connection) => {
  expect(await release.reaches(connection)).toBe(false);
});

it("refuses no call, and loses no answer, while an upgrade rolls every service", async () => {
  await release.startAgents("upgrade", { AGENTS: "5" });
  const old = (await Promise.all(services.map((service) => release.podsOf(service)))).flat();
  await release.deploy(...services.flatMap((service) => ["--set", `${service}.podAnnotations.roll=once`]));
  await release.kubectl("wait", "--for=delete", ...old.map((pod) => `pod/${pod}`), "--timeout=60s");
  const summary = await release.stopAgents("upgrade");
  expect(old).toHaveLength(8);
  expect(summary.refused).toEqual([]);
  expect(summary.probes).toBeGreaterThan(50);
  expect(summary.approved).toBe(summary.asked);
});

it("goes on with the old pods while a new version does not get ready, and rolls back", async () => {
  await release.startAgents("broken", { AGENTS: "2" });
  const broken = ["--set", "image.tag=missing,bootstrap.enabled=false", "--timeout=20s"];
  await expect(release.deploy(...broken)).rejects.toThrow("UPGRADE FAILED");
  await release.rollBack();
  const summary = await release.stopAgents("broken");
  expect(summary.refused).toEqual([]);
  expect(summary.probes).toBeGreaterThan(50);
  expect(summary.approved).toBe(summary.asked);
});

it("loses no answer when a pod of each service is killed without grace", async () => {
  await release.startAgents("kills", { AGENTS: "5" });
  for (const service of services) {
    const [pod = ""] = await release.podsOf(service);
    await release.kubectl("delete", "pod", pod, "--grace-period=0", "--force");
    await release.kubectl("rollout", "status", `deploy/loopgate-${service}`, "--timeout=60s");
  }
  const summary = await release.stopAgents("kills");
  // A bot sends about one message a second to a chat.
  expect(summary.asked).toBeGreaterThan(5);
  expect(summary.approved).toBe(summary.asked);
});
