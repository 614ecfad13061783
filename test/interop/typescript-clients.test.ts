import { describe, it } from "vitest";
import { useLoopgate } from "../harness/use-loopgate.ts";
import { expectAnswered, officialClients } from "./official-clients.ts";

const setting = useLoopgate();

describe.each(officialClients)("%s", (name, connect) => {
  it("lists the tools, asks, waits with progress and gets the answer; every result fits its outputSchema", async () => {
    const client = await connect(new URL(`${setting.loopgate.url}/mcp`));
    await expectAnswered(client, setting.telegram, { name });
    await client.close();
  });
});
