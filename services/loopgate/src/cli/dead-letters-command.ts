import { connectNatsBus } from "@loopgate/bus/nats";
import { deadLetters, type EventLog, replayDeadLetter, StartupError } from "@loopgate/bus";
import { type Environment } from "@loopgate/settings";
import { Command } from "commander";
import { natsOptionsOf, refusingInWords } from "./operator-nats.ts";

/** `loopgate dead-letters [replay <number>]`: what consumers gave up, and another try for what people sent. */
export function deadLettersCommand(environment: Environment): Command {
  const withLog = (work: (log: EventLog) => Promise<void>) =>
    refusingInWords(async () => {
      await using bus = await connectNatsBus(natsOptionsOf(environment));
      await work(bus.log);
    });
  const command = new Command("dead-letters").description("list what consumers on NATS_URL gave up");
  command.action(() => withLog(list));
  command
    .command("replay <number>")
    .description("hand a person's message that was given up to the notifiers once more")
    .action((number: string) => withLog((log) => replay(log, Number(number))));
  return command;
}

async function list(log: EventLog): Promise<void> {
  for await (const { seq, event } of deadLetters(log)) {
    const { consumer, subject, error, attempts } = event.data;
    process.stdout.write(`${[seq, event.time, consumer, attempts, error, subject].join("\t")}\n`);
  }
}

async function replay(log: EventLog, number: number): Promise<void> {
  for await (const letter of deadLetters(log)) {
    if (letter.seq !== number) continue;
    if (await replayDeadLetter(log, letter)) return;
    throw new StartupError(
      "only what people sent can be replayed: `loopgate rebuild` mends the database, and a press closes an open copy",
    );
  }
  throw new StartupError(`no dead letter has the number ${number}: \`loopgate dead-letters\` lists them`);
}
