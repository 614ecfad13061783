import { Command } from "commander";
import { version } from "@loopgate/runtime";
import { StartupError } from "@loopgate/bus";
import { type Environment } from "@loopgate/settings";

/** Runs one of the commands of `loopgate`; a refusal is a sentence on stderr. */
export async function runCommand(argv: readonly string[], environment: Environment): Promise<void> {
  const program = new Command("loopgate")
    .description("The gateway that AI agents use to ask people. Without a command: MCP over stdio")
    .version(version);

  program
    .command("serve")
    .description("run the embedded gateway over HTTP in the foreground")
    .action(async () => (await import("./serve.ts")).serve(environment));

  // A start does not wait for what the other commands need.
  if (argv[2] !== "serve") {
    const { operatorCommands } = await import("./operator-commands.ts");
    for (const command of operatorCommands(environment)) program.addCommand(command);
  }

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`loopgate: ${error.message}\n`);
    process.exitCode = 1;
  }
}
