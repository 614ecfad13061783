import { ConfigurationError, type Environment } from "@loopgate/settings";
import { describe, expect, it } from "vitest";
import { readServiceSettings } from "../../service-settings.ts";

const secret = "s".repeat(32);
const url = "https://gate.example/telegram";
const read = (environment: Environment) =>
  readServiceSettings({ NATS_URL: "nats://localhost", TELEGRAM_BOT_TOKEN: "1:a", ...environment }).webhook;

function problemsOf(environment: Environment): string {
  try {
    read(environment);
    return "";
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join("\n");
    throw error;
  }
}

describe("the webhook's settings", () => {
  it("are a URL, its secret and a port", () => {
    const environment = { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret };
    expect(read(environment)).toEqual({ url, secret, port: 8081 });
    expect(read({ ...environment, TELEGRAM_WEBHOOK_PORT: "9000" })?.port).toBe(9000);
  });

  it("are none without a URL: Loopgate polls", () => {
    expect(read({})).toBeUndefined();
    expect(read({ TELEGRAM_WEBHOOK_SECRET: secret })).toBeUndefined();
  });

  it.each([
    ["a URL without a secret", { TELEGRAM_WEBHOOK_URL: url }, "URL: needs TELEGRAM_WEBHOOK_SECRET"],
    ["what is no URL", { TELEGRAM_WEBHOOK_URL: "gate" }, "URL: must be an https URL"],
    ["a secret of other characters", { TELEGRAM_WEBHOOK_SECRET: "a b" }, "SECRET: must be 1 to 256"],
    ["a secret that is too long", { TELEGRAM_WEBHOOK_SECRET: "a".repeat(257) }, "SECRET: must be 1 to 256"],
    ["a port that is none", { TELEGRAM_WEBHOOK_PORT: "many" }, "PORT: must be a port"],
  ])("refuse %s", (_, environment, problem) => {
    expect(problemsOf(environment)).toContain(`TELEGRAM_WEBHOOK_${problem}`);
    expect(problemsOf(environment)).not.toContain("a b");
  });

  it("allow plain HTTP only towards a Bot API server of one's own", () => {
    const plain = { TELEGRAM_WEBHOOK_URL: "http://localhost/", TELEGRAM_WEBHOOK_SECRET: secret };
    expect(problemsOf(plain)).toContain("must begin with https://");
    expect(read({ ...plain, TELEGRAM_API_ROOT: "http://localhost:8082" })?.url).toBe("http://localhost/");
  });
});
