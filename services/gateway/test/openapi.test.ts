import { expect, it } from "vitest";
import { startGateway } from "./support/gateway.ts";

/** A change here is a change of the public interface. `--update` writes it. */
it("the description of /v1 is the pinned one", async () => {
  await using gateway = await startGateway();
  const response = await fetch(`${gateway.url}/v1/openapi.json`);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  const text = `${JSON.stringify(await response.json(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("golden/openapi.json");
});
