import type { Environment } from "@loopgate/settings";
import type { Command } from "commander";
import { bootstrapCommand } from "./bootstrap-command.ts";
import { deadLettersCommand } from "./dead-letters-command.ts";
import { doctorCommand } from "./doctor-command.ts";
import { keyCommand } from "./key-command.ts";
import { rebuildCommand } from "./rebuild-command.ts";

/** What operators run now and then. They bring the drivers of brokers and databases along. */
export const operatorCommands = (environment: Environment): readonly Command[] => [
  doctorCommand(environment),
  keyCommand(),
  bootstrapCommand(environment),
  deadLettersCommand(environment),
  rebuildCommand(environment),
];
