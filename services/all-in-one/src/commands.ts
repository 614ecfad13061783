import { Command } from "commander";
import { type Environment, StartRefused, version } from "@loopgate/runtime";

/** These start often and in a hurry: they don't wait for what the others need. */
const QUICK = ["serve", "daemon"];

/** Runs one of the commands of `loopgate`; a refusal is a sentence on stderr. */
export async function runCommand(argv: readonly string[], environment: Environment): Promise<void> {
  const program = new Command("loopgate")
    .description("The gateway that AI agents use to ask people. Without a command: MCP over stdio")
    .version(version);

  program
    .command("serve")
    .description("run the embedded gateway over HTTP in the foreground")
    .action(async () => (await import("./serve.ts")).serve(environment));

  program
    .command("daemon <directory>", { hidden: true })
    .description("serve the fronts of a data directory; a front starts it")
    .action(async (directory: string) => (await import("./daemon.ts")).runDaemon(directory, environment));

  if (!QUICK.includes(argv[2] ?? "")) {
    const { operatorCommands } = await import("./operator-commands.ts");
    for (const command of operatorCommands(environment)) program.addCommand(command);
  }

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    process.stderr.write(`loopgate: ${error.message}\n`);
    process.exitCode = 1;
  }
}
