import type { Environment } from "@loopgate/settings";
import { Command } from "commander";
import { doctor } from "../doctor/doctor.ts";
import { asJson, asText, isWell } from "../doctor/report.ts";

interface Options {
  readonly json?: true;
  readonly sendTest?: true;
  readonly poll?: true;
}

/** `loopgate doctor`: says what is wrong, and what to do. Ends with 1 if something is a problem. */
export const doctorCommand = (environment: Environment): Command =>
  new Command("doctor")
    .description(
      "look at settings, data, Telegram, and NATS and MongoDB where they are set; say what is wrong",
    )
    .option("--json", "print one JSON object")
    .option("--send-test", "send one message to TELEGRAM_CHAT_ID")
    .option("--poll", "look for other pollers of the bot; that interrupts them, and some end then")
    .action((options: Options) => run(environment, options));

async function run(environment: Environment, options: Options): Promise<void> {
  const { sendTest = false, poll = false, json = false } = options;
  const results = await doctor({ environment, sendTest, poll });
  const code = isWell(results) ? 0 : 1;
  // What did not answer in time may still hold the process.
  process.stdout.write(json ? asJson(results) : asText(results), () => process.exit(code));
}
