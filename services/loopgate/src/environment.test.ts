import { userInfo } from "node:os";
import { gatewayVariables } from "@loopgate/gateway";
import { expect, it } from "vitest";
import { dataDirectoryOf, maxWaitSecondsOf } from "./environment.ts";

const home = userInfo().homedir;

it.each([
  [{ HOME: "/h" }, "/h/.local/share/loopgate/no-bot"],
  [{ HOME: "" }, `${home}/.local/share/loopgate/no-bot`],
  [{}, `${home}/.local/share/loopgate/no-bot`],
  [{ HOME: "relative" }, `${home}/.local/share/loopgate/no-bot`],
  [{ HOME: "/h", XDG_DATA_HOME: "/x" }, "/x/loopgate/no-bot"],
  [{ HOME: "/h", XDG_DATA_HOME: "relative" }, "/h/.local/share/loopgate/no-bot"],
  [{ HOME: "/h", LOOPGATE_DATA_DIR: " /d " }, "/d/no-bot"],
  [{ HOME: "/h", LOOPGATE_DATA_DIR: "here" }, `${process.cwd()}/here/no-bot`],
  [{ HOME: "/h", TELEGRAM_BOT_TOKEN: "42:secret" }, "/h/.local/share/loopgate/42"],
  [{ HOME: "/h", TELEGRAM_BOT_TOKEN: "../..:secret" }, "/h/.local/share/loopgate/no-bot"],
])("%j keeps its data in %s", (environment, directory) => {
  expect(dataDirectoryOf(environment)).toBe(directory);
});

it.each(["", "8"])("a call waits no longer than the gateway lets it (%s)", (given) => {
  const byGateway = gatewayVariables.LOOPGATE_MAX_WAIT_SECONDS.parse(given || undefined);
  expect(maxWaitSecondsOf({ LOOPGATE_MAX_WAIT_SECONDS: given })).toBe(byGateway);
});
