import { Command } from "commander";
import { StartRefused, version } from "@loopgate/runtime";
import { keyCommand } from "./key-command.ts";
import { bootstrapCommand } from "./bootstrap-command.ts";
import { deadLettersCommand } from "./dead-letters-command.ts";
import { rebuildCommand } from "./rebuild-command.ts";
import { serve } from "./serve.ts";

const program = new Command("loopgate")
  .description("The gateway that AI agents use to ask people")
  .version(version)
  .action(() =>
    program.error("loopgate: MCP over stdio is not built yet: run `loopgate serve` and connect over HTTP"),
  );

program
  .command("serve")
  .description("run the embedded gateway over HTTP in the foreground")
  .action(() => serve(process.env));

program.addCommand(keyCommand());
program.addCommand(bootstrapCommand(process.env));
program.addCommand(deadLettersCommand(process.env));
program.addCommand(rebuildCommand(process.env));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof StartRefused)) throw error;
  process.stderr.write(`loopgate: ${error.message}\n`);
  process.exitCode = 1;
}
