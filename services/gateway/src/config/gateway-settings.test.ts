import { ConfigurationError, readConfiguration } from "@loopgate/settings";
import { expect, it } from "vitest";
import { z } from "zod";
import { gatewaySettingsOf, gatewayVariables } from "./gateway-settings.ts";

async function originsIn(LOOPGATE_ALLOWED_ORIGINS: string) {
  const variables = z.object(gatewayVariables);
  const read = await readConfiguration(variables, { LOOPGATE_ALLOWED_ORIGINS }, []);
  return gatewaySettingsOf(read).gateway.allowedOrigins;
}

it.each([
  ["", []],
  ["https://app.example.com", ["https://app.example.com"]],
  [
    "https://App.Example.com:443/, http://192.0.2.1:3000",
    ["https://app.example.com", "http://192.0.2.1:3000"],
  ],
  ["http://[2001:DB8::1]:80", ["http://[2001:db8::1]"]],
  ["chrome-extension://abcdef, vscode-webview://1a", ["chrome-extension://abcdef", "vscode-webview://1a"]],
])("reads origins as browsers send them: %j", async (setting, origins) => {
  expect(await originsIn(setting)).toEqual(origins);
});

it.each([
  "*",
  "null",
  "app.example.com",
  "https://*.example.com",
  "https://a/b",
  "https://",
  "https://u@a",
  "https://a?b",
])("refuses %j as an origin", async (setting) => {
  await expect(originsIn(`https://app.example.com,${setting}`)).rejects.toThrow(ConfigurationError);
});
