import { connect } from "@loopgate/client";
import { person } from "@loopgate/testing";
import { expect, it } from "vitest";
import { killIfThere, launcher, treeOf } from "../harness/stdio-proxy.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const setting = StdioSetting.use();

it("ask() over stdio survives the stdio proxy and the daemon, both killed during the wait: asked once, answered once", async () => {
  await using loopgate = connect({ command: launcher, env: setting.environment() });
  await loopgate.initialize("deployer", "1.0.0");
  const question = { message: `${textCanary} over stdio`, idempotencyKey: "stdio" };
  const asking = loopgate.ask(question);
  const message = await setting.messageWith("over stdio");
  await expect.poll(() => loopgate.submit(question)).toMatchObject({ delivery: "delivered" });

  const [, ...proxy] = treeOf(process.pid);
  for (const pid of proxy.toReversed()) killIfThere(pid);
  process.kill(await setting.daemon(), "SIGKILL");
  setting.telegram.reply(person(7), message, "go on");

  expect(await asking).toMatchObject({ status: "decided", response: "go on", client_id: "deployer" });
  expect(setting.messagesWith("over stdio")).toHaveLength(1);
});
