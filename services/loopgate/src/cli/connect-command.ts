import { spawnSync } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { StartupError } from "@loopgate/bus/startup-error";
import type { Environment } from "@loopgate/settings";
import { Argument, Command } from "commander";
import { claudeSettingsFile, withClaudeHooks, withoutClaudeHooks } from "../connect/claude-code.ts";
import { type Json, readSettingsFile, writeSettingsFile } from "../connect/settings-file.ts";
import { readRules } from "../hook/rules-file.ts";

interface ConnectFlags {
  readonly gate?: true;
  readonly remove?: true;
  readonly yes?: true;
}

const launcher = fileURLToPath(new URL("../../../../loopgate", import.meta.url));

/** `loopgate connect <host>`: writes the host's hooks and MCP server, after it has shown what it will write. */
export const connectCommand = (environment: Environment): Command =>
  new Command("connect")
    .description("let a program that runs agents ask through Loopgate: writes its hooks and MCP server")
    .addArgument(new Argument("<host>", "the program").choices(["claude-code"]))
    .option("--gate", "decide every call by rules or a person, and deny what is not approved")
    .option("--remove", "undo it")
    .option("--yes", "write without asking")
    .action((_host: string, flags: ConnectFlags) => connectClaudeCode(flags, environment));

async function connectClaudeCode(flags: ConnectFlags, environment: Environment): Promise<void> {
  const { gate = false, remove = false, yes = false } = flags;
  const rules = await readRules(environment);
  if (rules.kind === "invalid" && !remove) throw new StartupError(rules.problem);
  const file = claudeSettingsFile(environment);
  const before = readSettingsFile(file);
  const after = remove ? withoutClaudeHooks(before) : withClaudeHooks(before, { launcher, isGate: gate });
  const server = serverCommand(remove);
  say(`${file} will have these hooks and permissions:\n${shown(after)}`);
  say(`and this command registers the MCP server:\n  claude ${server.join(" ")}`);
  if (!yes && !(await isConfirmed())) return say("Nothing was written.");
  if (!isDeepStrictEqual(before, after)) writeSettingsFile(file, after);
  const problem = runClaude(server);
  if (problem !== undefined && !remove) say(`The hooks are written, but not the MCP server: ${problem}.`);
  say(remove ? "Claude Code no longer asks through Loopgate." : done(gate));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const shown = ({ hooks = {}, permissions = {} }: Json): string =>
  JSON.stringify({ hooks, permissions }, undefined, 2);

const done = (isGate: boolean): string =>
  isGate
    ? "Claude Code now asks before every call that your rules do not decide. Sessions that are open keep their old hooks."
    : "Claude Code now asks through Loopgate what it asks at the terminal. Sessions that are open keep their old hooks.";

const serverCommand = (remove: boolean): readonly string[] =>
  remove
    ? ["mcp", "remove", "--scope", "user", "loopgate"]
    : ["mcp", "add", "--scope", "user", "loopgate", "--", launcher];

/** Why Claude Code did not change its servers; undefined if it did, or had the server already. */
function runClaude(args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync("claude", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) return "`claude` is not on the PATH: run the command above where it is";
  return status === 0 || /already exists/.test(stderr) ? undefined : stderr.trim().replace(/\.$/, "");
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new StartupError("to write this, run the command again with --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Write it? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}
