import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { person } from "@loopgate/testing";
import { describe, expect, it as always } from "vitest";
import { filled, readPage, runText } from "../harness/examples.ts";
import { npmPackage } from "../harness/npm-package.ts";
import { killIfThere, launcher, treeOf } from "../harness/stdio-proxy.ts";
import { startStubModel, type StubModel, type Turn } from "../harness/stub-model.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const VERSION = "2.1.332";

/** The real Claude Code; undefined if it can't be installed here. CI fails instead. */
const claude = await npmPackage("@anthropic-ai/claude-code", VERSION, "install.cjs")
  .then((folder) => join(folder, "node_modules/.bin/claude"))
  .catch((error: Error) => {
    if (process.env["CI"] !== undefined) throw error;
    process.stderr.write(
      `SKIPPED: the tests with Claude Code ${VERSION}: npm can't install it: ${error.message}\n`,
    );
    return undefined;
  });
const it = claude === undefined ? always.skip : always;

const setting = StdioSetting.use();
const alice = person(7);

interface Run extends AsyncDisposable {
  readonly model: StubModel;
  readonly pid: number;
  /** Resolves when Claude Code has ended. */
  readonly ended: Promise<void>;
  /** True once the command of the model has run. */
  hasRun(marker?: string): boolean;
}

const touch = (marker: string) => ({
  tool: "Bash",
  input: { command: `touch ${marker}`, description: "Make a file" },
});

/** Runs `claude -p` in an empty project whose settings have this hook. */
async function runClaude(
  hooks: object,
  { turns = [{ calls: [touch("marker")] }, { text: "done" }], args = [] as readonly string[] } = {},
): Promise<Run> {
  const model = await startStubModel(turns satisfies readonly Turn[]);
  const project = join(setting.directory, "project");
  mkdirSync(join(project, ".claude"), { recursive: true });
  writeFileSync(join(project, ".claude/settings.json"), JSON.stringify({ hooks }));
  const env = setting.environment({
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "sk-ant-invented-000000000000000000000000",
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  });
  const child = spawn(claude ?? "", ["-p", "make the file", ...args], {
    cwd: project,
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "close").then(() => undefined);
  return {
    model,
    pid: child.pid ?? 0,
    ended,
    hasRun: (marker = "marker") => existsSync(join(project, marker)),
    [Symbol.asyncDispose]: async () => {
      for (const pid of child.exitCode === null ? treeOf(child.pid ?? 0).toReversed() : []) killIfThere(pid);
      await ended;
      await model[Symbol.asyncDispose]();
    },
  };
}

const handler = (...args: readonly string[]) => [
  { hooks: [{ type: "command", command: launcher, args: ["hook", "claude-code", ...args], timeout: 120 }] },
];
const gate = (...args: readonly string[]) => ({ PreToolUse: handler("--gate", ...args) });
const prompt = (...args: readonly string[]) => ({ PermissionRequest: handler(...args) });
/** The host would run the command without asking. */
const allowed = { args: ["--allowedTools", "Bash"] };

async function press(button: string, index = 0): Promise<void> {
  await expect.poll(() => setting.messagesWith("command: touch").length).toBeGreaterThan(index);
  setting.telegram.press(alice, setting.messagesWith("command: touch")[index]!, button);
}

async function denyWith(comment: string): Promise<void> {
  setting.telegram.reply(alice, await setting.messageWith("command: touch"), comment);
  setting.telegram.press(alice, await setting.messageWith("decides nothing"), "Deny, with your comment");
}

describe(`Claude Code ${VERSION}`, () => {
  it.each([
    ["gate mode", gate(), allowed],
    ["prompt mode", prompt(), {}],
  ])("runs what a person approves: %s", async (_, hooks, options) => {
    await using run = await runClaude(hooks, options);
    await press("Approve");
    await run.ended;
    expect(run.hasRun()).toBe(true);
    expect(setting.messagesWith("command: touch")).toHaveLength(1);
  });

  it.each([
    ["gate mode", gate(), allowed],
    ["prompt mode", prompt(), {}],
  ])("does not run what a person denies, and the model reads why: %s", async (_, hooks, options) => {
    await using run = await runClaude(hooks, options);
    await denyWith("not on Friday");
    await run.ended;
    expect(run.hasRun()).toBe(false);
    expect(run.model.told()).toEqual([expect.stringMatching(/^\[error\].*not on Friday/)]);
  });

  it("denies what was not answered in time, in gate mode", async () => {
    await using run = await runClaude(gate("--hold", "4"), allowed);
    await run.ended;
    expect(run.hasRun()).toBe(false);
    expect(run.model.told()).toEqual([expect.stringMatching(/Not approved: no person answered in time/)]);
  });

  it("decides as it would without Loopgate what was not answered in time, in prompt mode", async () => {
    await using run = await runClaude(prompt("--hold", "4"));
    await run.ended;
    expect(run.hasRun()).toBe(false);
    expect(run.model.told()).toEqual([expect.stringMatching(/approv/)]);
    expect(run.model.told()[0]).not.toMatch(/Not approved: /);
  });

  it("does not run a call of a gate whose asking process was killed", async () => {
    await using run = await runClaude(gate(), allowed);
    await setting.messageWith("command: touch");
    for (const pid of treeOf(run.pid)) if (isAsking(pid)) killIfThere(pid);
    await run.ended;
    expect(run.hasRun()).toBe(false);
    expect(run.model.told()).toEqual([expect.stringMatching(/not approved/)]);
  });

  it("is connected by the printed command, and asks what it asks anyway", async () => {
    const command = /```sh\n\s*(.*)\n/.exec(readPage("docs/hosts/claude-code.md"))?.[1] ?? "";
    const path = `${dirname(claude ?? "")}:/usr/local/bin:/usr/bin:/bin`;
    const env = { ...setting.environment(), CLAUDE_CONFIG_DIR: "", LOOPGATE_RULES_FILE: "", PATH: path };
    const connected = await runText("connect.sh", filled(command), { env, cwd: setting.directory });
    expect(connected).toMatchObject({ code: 0, output: expect.not.stringContaining("not the MCP server") });
    await using run = await runClaude({});
    await press("Approve");
    await run.ended;
    expect(run.hasRun()).toBe(true);
    expect(readFileSync(join(setting.directory, ".claude.json"), "utf8")).toContain(launcher);
  });

  it("asks twice about two equal commands, and once about each", async () => {
    const turns = [{ calls: [touch("marker")] }, { calls: [touch("marker")] }, { text: "done" }];
    await using run = await runClaude(gate(), { ...allowed, turns });
    await press("Approve", 0);
    await press("Deny", 1);
    await run.ended;
    expect(setting.messagesWith("command: touch")).toHaveLength(2);
    expect(run.model.told()).toEqual([
      expect.not.stringMatching(/error/),
      expect.stringMatching(/\[error\]/),
    ]);
  });
});

/** True for the Node process of a hook, and not for the shell that started it. */
function isAsking(pid: number): boolean {
  const args = execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  return args.includes("node_modules/node/bin/node") && args.includes("scripts/hook.mjs");
}
