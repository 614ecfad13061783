import { StartupError, Unavailable } from "@loopgate/bus";
import { version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { Command } from "commander";
import { connectCommand } from "./connect-command.ts";

/** Runs a command of `loopgate`; a problem that the user can solve is one sentence on stderr. */
export async function runCommand(argv: readonly string[], environment: Environment): Promise<void> {
  const program = new Command("loopgate")
    .description("The gateway that AI agents use to ask people. Without a command: MCP over stdio")
    .version(version);

  program
    .command("serve")
    .description("run the embedded gateway over HTTP in the foreground")
    .action(async () => (await import("./serve.ts")).serve(environment));

  program.addCommand(connectCommand(environment));
  program
    .command("hook")
    .description(
      "answer a hook of a program that runs agents: `loopgate connect` writes the lines that run it",
    );

  // `serve` starts without loading the drivers that the other commands need.
  if (argv[2] !== "serve" && argv[2] !== "connect") {
    const { operatorCommands } = await import("./operator-commands.ts");
    for (const command of operatorCommands(environment)) program.addCommand(command);
  }

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartupError || error instanceof Unavailable)) throw error;
    process.stderr.write(`loopgate: ${error.message}\n`);
    process.exitCode = 1;
  }
}
