import { describe, expect, it } from "vitest";
import { daemonsIn, launcher } from "../harness/stdio-proxy.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";
import { expectAnswered, officialClients } from "./official-clients.ts";

const setting = StdioSetting.use();

describe.each(officialClients)("%s over stdio, from another directory", (name, connect) => {
  it("lists the tools, asks, waits and gets the answer, even if the daemon is killed during the wait", async () => {
    const client = await connect({ command: launcher, env: setting.environment(), cwd: "/" });
    const killDaemon = async () => {
      const daemon = await setting.daemon();
      process.kill(daemon, "SIGKILL");
      await expect.poll(() => daemonsIn(setting.directory)).not.toContain(daemon);
    };
    await expectAnswered(client, setting.telegram, { name, whileItWaits: killDaemon });
    expect(setting.telegram.messagesIn(7)).toHaveLength(1);
    await client.close();
  });
});
