import { spawn } from "node:child_process";
import { once } from "node:events";
import { expectNoSecrets } from "./secret-scan.ts";
import { launcher } from "./stdio-proxy.ts";

export interface HookOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

interface HookResult {
  readonly code: number | null;
  readonly signal: string | null;
  /** Its output, parsed; undefined if it wrote none. */
  readonly output: unknown;
  readonly stderr: string;
}

/** A run of `loopgate hook claude-code`, as the host starts it. */
export interface HookProcess {
  readonly pid: number;
  readonly ended: Promise<HookResult>;
}

export function startHook(input: unknown, { environment, args = [] }: HookOptions): HookProcess {
  const child = spawn(launcher, ["hook", "claude-code", ...args], {
    env: environment,
    cwd: "/",
    stdio: "pipe",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(typeof input === "string" ? input : JSON.stringify(input));
  const ended = once(child, "close").then(() => {
    expectNoSecrets(stderr);
    const output: unknown = stdout === "" ? undefined : JSON.parse(stdout);
    return { code: child.exitCode, signal: child.signalCode, output, stderr };
  });
  return { pid: child.pid ?? 0, ended };
}

const SESSION = "5d1c0b6e-0000-4000-8000-000000000000";

/** What Claude Code sends, in short. */
export const claudeEvent = (name: string, more: object = {}) => ({
  session_id: SESSION,
  cwd: "/work/app",
  permission_mode: "default",
  hook_event_name: name,
  ...more,
});

const bash = (command: string) => ({ tool_name: "Bash", tool_input: { command, description: "Make it" } });

export const permissionRequest = (command: string, more: object = {}) =>
  claudeEvent("PermissionRequest", { ...bash(command), ...more });

export const preToolUse = (command: string, id: string, more: object = {}) =>
  claudeEvent("PreToolUse", { ...bash(command), tool_use_id: id, ...more });

export const postToolUse = (command: string, id: string) =>
  claudeEvent("PostToolUse", { ...bash(command), tool_use_id: id });

export const permission = (decision: object) => ({
  hookSpecificOutput: { hookEventName: "PermissionRequest", decision },
});

export const beforeCall = (permissionDecision: string, permissionDecisionReason?: unknown) => ({
  hookSpecificOutput: {
    hookEventName: "PreToolUse",
    permissionDecision,
    ...(permissionDecisionReason === undefined ? {} : { permissionDecisionReason }),
  },
});
