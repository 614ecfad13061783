import { FakeTelegram } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { it } from "../harness/it.ts";
import { type Deployment, type ServiceName, startDeployment } from "../harness/deployment.ts";
import { botToken } from "../harness/secret-scan.ts";

const parts = new AsyncDisposableStack();
let telegram: FakeTelegram;
let deployment: Deployment;
beforeAll(async () => {
  telegram = parts.use(await FakeTelegram.start(botToken));
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot }));
  await deployment.start("gateway");
});
afterAll(() => parts.disposeAsync());

const withUser = (uri: string, user: string) => uri.replace("//", `//${user}@`);

/** A refused login ends a start only after a minute. */
describe("a service that can't do its work says why and what to do, and ends with 1", () => {
  it.each<[string, ServiceName, () => Record<string, string>, string[]]>([
    ["without a broker", "gateway", () => ({ NATS_URL: "" }), ["NATS_URL", "nats://localhost:4222"]],
    ["without a database", "state", () => ({ MONGODB_URI: "" }), ["MONGODB_URI"]],
    ["without a bot", "notifier", () => ({ TELEGRAM_BOT_TOKEN: "" }), ["TELEGRAM_BOT_TOKEN", "@BotFather"]],
    [
      "with several problems, all of them told",
      "state",
      () => ({
        NATS_URL: "nats://[bad",
        NATS_CA_FILE: "/nowhere/ca.pem",
        MONGODB_URI: "http://x",
        LOG_LEVEL: "loud",
      }),
      ["NATS_URL", "NATS_CA_FILE", "MONGODB_URI", "LOG_LEVEL"],
    ],
    [
      "with a file that is no certificate, even if it logs nothing",
      "gateway",
      () => ({ NATS_CA_FILE: import.meta.filename, LOG_LEVEL: "silent" }),
      ["NATS_CA_FILE"],
    ],
    [
      "with a wrong user of the database",
      "state",
      () => ({ MONGODB_URI: withUser(deployment.database, "nobody:canary-text-4711") }),
      ["MONGODB_URI", "user"],
    ],
    [
      "on streams with other settings",
      "gateway",
      () => ({ LOOPGATE_LOG_RETENTION_DAYS: "120" }),
      ["LOOPGATE_REQUESTS", "max_age", "bootstrap"],
    ],
    [
      "beyond loopback without keys",
      "gateway",
      () => ({ SERVER_HOST: "0.0.0.0" }),
      ["SERVER_HOST", "LOOPGATE_API_KEYS_FILE"],
    ],
  ])("%s (%s)", async (_, service, environment, words) => {
    const failure = await deployment.start(service, { environment: environment() }).catch(String);
    expect(failure).toContain("ended with 1");
    for (const word of words) expect(failure).toContain(word);
    expect(failure).not.toContain("canary-text-4711");
  });
});
