import { ConfigurationError, type Environment } from "@loopgate/settings";
import { describe, expect, it } from "vitest";
import { readServiceSettings } from "../../service-settings.ts";

const secret = "s".repeat(32);
const url = "https://gate.example/telegram";
const read = async (environment: Environment) =>
  (await readServiceSettings({ NATS_URL: "nats://localhost", TELEGRAM_BOT_TOKEN: "1:a", ...environment }))
    .webhook;

async function problemsOf(environment: Environment): Promise<string> {
  try {
    await read(environment);
    return "";
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join("\n");
    throw error;
  }
}

describe("the webhook's settings", () => {
  it("are a URL, its secret and a port", async () => {
    const environment = { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret };
    expect(await read(environment)).toEqual({ url, secret, port: 8081 });
    expect((await read({ ...environment, TELEGRAM_WEBHOOK_PORT: "9000" }))?.port).toBe(9000);
  });

  it("are none without a URL: Loopgate polls", async () => {
    expect(await read({})).toBeUndefined();
    expect(await read({ TELEGRAM_WEBHOOK_SECRET: secret })).toBeUndefined();
  });

  it.each([
    ["a URL without a secret", { TELEGRAM_WEBHOOK_URL: url }, "URL: needs TELEGRAM_WEBHOOK_SECRET"],
    ["what is no URL", { TELEGRAM_WEBHOOK_URL: "gate" }, "URL: must be an https URL"],
    ["a secret of other characters", { TELEGRAM_WEBHOOK_SECRET: "a b" }, "SECRET: must be 1 to 256"],
    ["a secret that is too long", { TELEGRAM_WEBHOOK_SECRET: "a".repeat(257) }, "SECRET: must be 1 to 256"],
    ["a port that is none", { TELEGRAM_WEBHOOK_PORT: "many" }, "PORT: must be a port"],
  ])("refuse %s", async (_, environment, problem) => {
    expect(await problemsOf(environment)).toContain(`TELEGRAM_WEBHOOK_${problem}`);
    expect(await problemsOf(environment)).not.toContain("a b");
  });

  it("allow plain HTTP only towards a Bot API server of one's own", async () => {
    const plain = { TELEGRAM_WEBHOOK_URL: "http://localhost/", TELEGRAM_WEBHOOK_SECRET: secret };
    expect(await problemsOf(plain)).toContain("must begin with https://");
    expect((await read({ ...plain, TELEGRAM_API_ROOT: "http://localhost:8082" }))?.url).toBe(
      "http://localhost/",
    );
  });
});
