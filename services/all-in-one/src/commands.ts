import { Command } from "commander";
import { type Environment, StartRefused, version } from "@loopgate/runtime";
import { bootstrapCommand } from "./bootstrap-command.ts";
import { deadLettersCommand } from "./dead-letters-command.ts";
import { keyCommand } from "./key-command.ts";
import { rebuildCommand } from "./rebuild-command.ts";

/** Runs one of the commands of `loopgate`; a refusal is a sentence on stderr. */
export async function runCommand(argv: readonly string[], environment: Environment): Promise<void> {
  const program = new Command("loopgate")
    .description("The gateway that AI agents use to ask people. Without a command: MCP over stdio")
    .version(version);

  program
    .command("serve")
    .description("run the embedded gateway over HTTP in the foreground")
    .action(async () => (await import("./serve.ts")).serve(environment));

  program.addCommand(keyCommand());
  program.addCommand(bootstrapCommand(environment));
  program.addCommand(deadLettersCommand(environment));
  program.addCommand(rebuildCommand(environment));

  program
    .command("daemon <directory>", { hidden: true })
    .description("serve the fronts of a data directory; a front starts it")
    .action(async (directory: string) => (await import("./daemon.ts")).runDaemon(directory, environment));

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    process.stderr.write(`loopgate: ${error.message}\n`);
    process.exitCode = 1;
  }
}
