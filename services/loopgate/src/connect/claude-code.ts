import { join } from "node:path";
import type { Environment } from "@loopgate/settings";
import { homeOf, valueOf } from "../environment.ts";
import type { Json } from "./settings-file.ts";

export interface ConnectOptions {
  /** The absolute path of `loopgate`. */
  readonly launcher: string;
  /** True: every call is decided by rules or a person. False: people are asked what Claude Code asks. */
  readonly isGate: boolean;
}

/** Where Claude Code keeps a user's settings. */
export function claudeSettingsFile(environment: Environment): string {
  const directory = valueOf(environment, "CLAUDE_CONFIG_DIR") ?? join(homeOf(environment), ".claude");
  return join(directory, "settings.json");
}

/** How long Claude Code lets a hook wait that asks a person, and how long the hook waits, in seconds. */
const LIMIT_SECONDS = 86_400;
const HOLD_SECONDS = 86_385;

/** Claude Code asks for no permission to ask a person. */
const OWN_TOOLS = "mcp__loopgate__*";

/** The settings with Loopgate's hooks, in place of any that an earlier version wrote. All else stays as it is. */
export function withClaudeHooks(settings: Json, options: ConnectOptions): Json {
  const cleaned = withoutClaudeHooks(settings);
  const hooks = { ...objectAt(cleaned, "hooks") };
  for (const [event, matcher] of Object.entries(matchersFor(options)))
    hooks[event] = [...listAt(hooks, event), matcher];
  const permissions = objectAt(cleaned, "permissions");
  const allow = [...listAt(permissions, "allow"), OWN_TOOLS];
  return { ...cleaned, hooks, permissions: { ...permissions, allow } };
}

/** The settings without Loopgate's hooks, wherever they lead to. */
export function withoutClaudeHooks(settings: Json): Json {
  const hooks = Object.entries(objectAt(settings, "hooks")).flatMap(([event, matchers]) => {
    const others = Array.isArray(matchers) ? matchers.flatMap(withoutOwn) : matchers;
    return Array.isArray(others) && others.length === 0 ? [] : [[event, others] as const];
  });
  const permissions = objectAt(settings, "permissions");
  const allow = listAt(permissions, "allow").filter((rule) => rule !== OWN_TOOLS);
  const { allow: _allow, ...others } = permissions;
  const left = allow.length === 0 ? others : { ...permissions, allow };
  const { hooks: _hooks, permissions: _permissions, ...rest } = settings;
  return {
    ...rest,
    ...(hooks.length === 0 ? {} : { hooks: Object.fromEntries(hooks) }),
    ...(Object.keys(left).length === 0 ? {} : { permissions: left }),
  };
}

function matchersFor({ launcher, isGate }: ConnectOptions): Readonly<Record<string, object>> {
  const run = (...args: readonly string[]) => ({
    type: "command",
    command: launcher,
    args: ["hook", "claude-code", ...args],
  });
  const asking = (...flags: readonly string[]) => ({
    ...run(...flags, "--hold", String(HOLD_SECONDS)),
    timeout: LIMIT_SECONDS,
    statusMessage: "Asked through Loopgate",
  });
  const afterwards = { hooks: [{ ...run(), async: true }] };
  // A process that ends with the session must not leave before it has closed what is open.
  const atTheEnd = { hooks: [run()] };
  return {
    PreToolUse: { hooks: [asking(...(isGate ? ["--gate"] : []))] },
    // In a gate, calls were asked about before; questions and plans are still asked here.
    PermissionRequest: { ...(isGate ? { matcher: "AskUserQuestion|ExitPlanMode" } : {}), hooks: [asking()] },
    PostToolUse: afterwards,
    PostToolUseFailure: afterwards,
    UserPromptSubmit: afterwards,
    SubagentStop: afterwards,
    Stop: atTheEnd,
    SessionEnd: atTheEnd,
  };
}

/** A matcher without Loopgate's handlers; none if it has no others. */
function withoutOwn(matcher: unknown): readonly unknown[] {
  if (!isObject(matcher) || !Array.isArray(matcher["hooks"])) return [matcher];
  const others = matcher["hooks"].filter((handler) => !isOwn(handler));
  if (others.length === matcher["hooks"].length) return [matcher];
  return others.length === 0 ? [] : [{ ...matcher, hooks: others }];
}

function isOwn(handler: unknown): boolean {
  if (!isObject(handler)) return false;
  const { command, args } = handler;
  const isLoopgate = typeof command === "string" && /(^|[/\\])loopgate$/.test(command);
  return isLoopgate && Array.isArray(args) && args[0] === "hook";
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objectAt = (object: Json, name: string): Json => {
  const value = object[name];
  return isObject(value) ? value : {};
};

const listAt = (object: Json, name: string): readonly unknown[] => {
  const value = object[name];
  return Array.isArray(value) ? value : [];
};
