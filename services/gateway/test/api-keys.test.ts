import { createLogger } from "@loopgate/runtime";
import { expect, it } from "vitest";
import { ApiKeys } from "../src/access/api-keys.ts";
import { keyFile, someKeys } from "./support/key-file.ts";

it("a change between reading the settings and watching the file takes effect", async () => {
  const { agent, operator } = someKeys();
  using file = keyFile([agent]);
  const read = await file.read();
  file.write([operator]);
  using keys = new ApiKeys(read, createLogger("test", "silent"));
  await expect.poll(() => keys.find(operator.key)?.id, { timeout: 10_000 }).toBe("operator");
  expect(keys.find(agent.key)).toBeUndefined();
});
