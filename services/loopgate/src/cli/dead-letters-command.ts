import { deadLetters, type EventLog, replayDeadLetter, StartupError } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import type { Environment } from "@loopgate/settings";
import { Command } from "commander";
import { natsOptionsOf } from "../distributed-settings.ts";

/** `loopgate dead-letters [replay <number>]`: lists what consumers gave up on, and delivers a person's message again. */
export function deadLettersCommand(environment: Environment): Command {
  const withLog = async (work: (log: EventLog) => Promise<void>) => {
    await using bus = await connectNatsBus(await natsOptionsOf(environment));
    await work(bus.log);
  };
  const command = new Command("dead-letters").description(
    "list the entries that consumers on NATS_URL gave up on",
  );
  command.action(() => withLog(list));
  command
    .command("replay <number>")
    .description("deliver a person's message that was given up on to the notifiers again")
    .action((number: string) => withLog((log) => replay(log, Number(number))));
  return command;
}

const WHY_NOT = {
  of_a_request:
    "only people's messages can be replayed: `loopgate rebuild` repairs the database, and pressing a button of an open copy closes it",
  not_kept:
    "this message could not be stored, so there is nothing to replay: ask the person to send it again",
} as const;

async function list(log: EventLog): Promise<void> {
  for await (const { seq, event } of deadLetters(log)) {
    const { consumer, subject, error, attempts, kind, size, event: given } = event.data;
    const about = kind === undefined ? [] : [kind, size === undefined ? "?" : `${size} bytes`];
    const line = [seq, event.time, consumer, attempts, error, subject, given.id, ...about];
    process.stdout.write(`${line.join("\t")}\n`);
  }
}

async function replay(log: EventLog, number: number): Promise<void> {
  for await (const letter of deadLetters(log)) {
    if (letter.seq !== number) continue;
    const result = await replayDeadLetter(log, letter);
    if (result === "replayed") return;
    throw new StartupError(WHY_NOT[result]);
  }
  throw new StartupError(`no dead letter has the number ${number}: \`loopgate dead-letters\` lists them`);
}
