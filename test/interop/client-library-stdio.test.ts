import { connect } from "@loopgate/client";
import { person } from "@loopgate/testing";
import { expect, it } from "vitest";
import { killIfThere, launcher, treeOf } from "../harness/stdio-proxy.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { FrontSetting } from "../harness/use-stdio-proxies.ts";

const setting = FrontSetting.use();

it("ask over stdio survives its front and the daemon, killed in the middle: one answer, asked once", async () => {
  await using loopgate = connect({ command: launcher, env: setting.environment() });
  await loopgate.initialize("deployer", "1.0.0");
  const question = { message: `${textCanary} over stdio`, idempotencyKey: "stdio" };
  const asking = loopgate.ask(question);
  const message = await setting.messageWith("over stdio");
  await expect.poll(() => loopgate.submit(question)).toMatchObject({ delivery: "delivered" });

  const [, ...front] = treeOf(process.pid);
  for (const pid of front.toReversed()) killIfThere(pid);
  process.kill(await setting.daemon(), "SIGKILL");
  setting.telegram.reply(person(7), message, "go on");

  expect(await asking).toMatchObject({ status: "decided", response: "go on", client_id: "deployer" });
  expect(setting.messagesWith("over stdio")).toHaveLength(1);
});
