import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { parse } from "yaml";
import { chart, fullValues, helm, it, majors, objectsIn, podsIn, render, renderWith } from "./helm.ts";

const golden = (name: string) => join(import.meta.dirname, "golden", `${name}.yaml`);

describe.each(majors)("Helm %d", (major) => {
  it("finds no fault", async () => {
    expect(await helm(major, "lint", ".", "--strict")).toContain("0 chart(s) failed");
    expect(await helm(major, "lint", ".", "--strict", "--values", fullValues)).toContain("0 chart(s) failed");
  });

  it("renders the default values", async () => {
    await expect(await render(major)).toMatchFileSnapshot(golden("default"));
  });

  it("renders as much of the chart as fits into one release", async () => {
    await expect(await render(major, "--values", fullValues)).toMatchFileSnapshot(golden("full"));
  });

  it("packages the chart, under the version of the program", async () => {
    const folder = await mkdtemp(join(tmpdir(), "loopgate-chart-"));
    await helm(major, "package", ".", "--destination", folder);
    const { version } = JSON.parse(await readFile(join(chart, "..", "..", "package.json"), "utf8")) as {
      version: string;
    };
    expect(await readdir(folder)).toEqual([`loopgate-${version}.tgz`]);
    const { appVersion } = parse(await readFile(join(chart, "Chart.yaml"), "utf8")) as { appVersion: string };
    expect(appVersion).toBe(version);
    await rm(folder, { recursive: true });
  });
});

/** The variables of one service. */
async function variablesOf(service: string, values: object): Promise<Readonly<Record<string, string>>> {
  const env = podsIn(await renderWith(4, values)).get(service)?.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

it("tells in its notes how to ask the first question", async () => {
  const notes = await helm(4, "install", "loopgate", ".", "--namespace=gate", "--dry-run=client");
  expect(notes).toContain("http://loopgate-gateway.gate.svc:8080/mcp");
  expect(notes).toContain("with an API key of Secret loopgate");
  expect(notes).toContain("telegram.chatId is empty");
});

it("allows calls by every name of the gateway's service and ingress", async () => {
  const ingress = { enabled: true, hosts: ["gate.example.com"] };
  const values = { gateway: { ingress, allowedHosts: ["gate.internal"] }, clusterDomain: "k8s.example" };
  const { LOOPGATE_ALLOWED_HOSTS: hosts } = await variablesOf("gateway", values);
  expect(hosts?.split(",")).toEqual([
    "loopgate-gateway",
    "loopgate-gateway.gate",
    "loopgate-gateway.gate.svc",
    "loopgate-gateway.gate.svc.k8s.example",
    "gate.example.com",
    "gate.internal",
  ]);
});

it("runs no notifier where people answer in the inbox alone", async () => {
  const inbox = { enabled: true, publicUrl: "https://inbox.example.com" };
  const values = { telegram: { enabled: false }, inbox };
  expect([...podsIn(await renderWith(4, values)).keys()].sort()).toEqual([
    "bootstrap",
    "gateway",
    "inbox",
    "state",
  ]);
  expect(Object.keys(await variablesOf("gateway", values)).join()).not.toContain("TELEGRAM");
});

it("passes large numbers on as people write them", async () => {
  const telegram = { chatId: -1001234567890, responderIds: [1234567890123] };
  expect(await variablesOf("notifier", { telegram, eventLog: { maxBytes: 10_000_000_000 } })).toMatchObject({
    TELEGRAM_CHAT_ID: "-1001234567890",
    TELEGRAM_RESPONDER_IDS: "1234567890123",
    LOOPGATE_LOG_MAX_BYTES: "10000000000",
  });
});

it("gives each pod only the keys of Secrets that it needs", async () => {
  const pods = podsIn(await render(4));
  const keysOf = (service: string) =>
    pods
      .get(service)
      ?.volumes.find(({ name }) => name === "files")
      ?.projected?.sources.flatMap(({ secret }) => secret.items.map(({ key }) => key));
  expect(keysOf("gateway")).toEqual(["nats-url-gateway", "telegram-bot-token", "api-keys.json"]);
  expect(keysOf("notifier")).toEqual(["nats-url-notifier", "telegram-bot-token"]);
  expect(keysOf("state")).toEqual(["nats-url-state", "mongodb-uri"]);
  expect(keysOf("bootstrap")).toEqual(["nats-url-operator"]);
});

it("leaves the number of replicas to the autoscaler", async () => {
  const text = await renderWith(4, { gateway: { autoscaling: { enabled: true } } });
  const deployment = (name: string) =>
    objectsIn(text).find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name);
  expect(deployment("loopgate-gateway")?.spec).not.toHaveProperty("replicas");
  expect(deployment("loopgate-notifier")?.spec).toHaveProperty("replicas", 2);
});

it("allows a stop more than its pause and the 30 s that a service takes", async () => {
  const pods = podsIn(await renderWith(4, { gateway: { preStopSeconds: 20 }, state: { preStopSeconds: 0 } }));
  expect(pods.get("gateway")).toMatchObject({
    terminationGracePeriodSeconds: 60,
    containers: [{ lifecycle: { preStop: { sleep: { seconds: 20 } } } }],
  });
  expect(pods.get("state")).toMatchObject({ terminationGracePeriodSeconds: 40 });
  expect(pods.get("state")?.containers[0]).not.toHaveProperty("lifecycle");
});
