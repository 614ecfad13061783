import { expect, it } from "vitest";
import { z } from "zod";
import { ConfigurationError, type Environment, readConfiguration } from "./configuration.ts";
import { certificateHasKey, natsSettingsOf, natsVariables } from "./nats-settings.ts";

const Variables = z.object(natsVariables).refine(...certificateHasKey);
const [file, url] = [import.meta.filename, "nats://localhost"];

async function read(environment: Environment): Promise<unknown> {
  try {
    return natsSettingsOf(await readConfiguration(Variables, environment), environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

it("takes a client's certificate with its key, and a domain", async () => {
  const environment = { NATS_URL: url, NATS_CERT_FILE: file, NATS_KEY_FILE: file, NATS_JS_DOMAIN: "hub" };
  expect(await read(environment)).toMatchObject({ certFile: file, keyFile: file, domain: "hub" });
});

it.each([
  [
    "a certificate without its key",
    { NATS_CERT_FILE: file },
    "NATS_CERT_FILE: and NATS_KEY_FILE belong together",
  ],
  [
    "a key without its certificate",
    { NATS_KEY_FILE: file },
    "NATS_CERT_FILE: and NATS_KEY_FILE belong together",
  ],
  [
    "a missing key",
    { NATS_CERT_FILE: file, NATS_KEY_FILE: `${file}/none` },
    "NATS_KEY_FILE: names a file that can't be",
  ],
  ["a folder", { NATS_CREDS_FILE: import.meta.dirname }, "NATS_CREDS_FILE: names a file that can't be"],
  ["a domain with a dot", { NATS_JS_DOMAIN: "a.b" }, "NATS_JS_DOMAIN: is not the name of a JetStream domain"],
  ["a domain that is a wildcard", { NATS_JS_DOMAIN: ">" }, "NATS_JS_DOMAIN: is not the name"],
])("refuses %s", async (_, environment, problem) => {
  expect(await read({ NATS_URL: url, ...environment })).toContainEqual(expect.stringContaining(problem));
});
