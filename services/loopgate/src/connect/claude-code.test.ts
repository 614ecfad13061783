import { describe, expect, it } from "vitest";
import { withClaudeHooks, withoutClaudeHooks } from "./claude-code.ts";

const launcher = "/opt/loopgate/loopgate";
const other = { type: "command", command: "/usr/bin/notify", args: ["hook"] };
const theirs = {
  model: "opus",
  hooks: { PreToolUse: [{ matcher: "Bash", hooks: [other] }], Notification: [{ hooks: [other] }] },
  permissions: { deny: ["Bash(rm *)"], allow: ["Read"] },
};

describe.each([true, false])("the settings of Claude Code, in a gate: %s", (isGate) => {
  const connected = withClaudeHooks(theirs, { launcher, isGate });

  it("have Loopgate's hooks beside the user's own", () => {
    expect(connected).toMatchObject({
      model: "opus",
      hooks: {
        Notification: theirs.hooks.Notification,
        PreToolUse: [
          theirs.hooks.PreToolUse[0],
          { hooks: [{ type: "command", command: launcher, timeout: 86_400 }] },
        ],
        SessionEnd: [{ hooks: [{ args: ["hook", "claude-code"] }] }],
      },
      permissions: { deny: ["Bash(rm *)"], allow: ["Read", "mcp__loopgate__*"] },
    });
    expect(JSON.stringify(connected).includes("--gate")).toBe(isGate);
  });

  it("answer before Claude Code's own limit, wherever a person is asked", () => {
    const handlers = Object.values(
      connected["hooks"] as Record<string, { hooks: { args?: string[]; timeout?: number }[] }[]>,
    )
      .flat()
      .flatMap(({ hooks }) => hooks)
      .filter(({ args }) => args?.includes("--hold"));
    expect(handlers).toHaveLength(2);
    for (const { args = [], timeout = 0 } of handlers)
      expect(timeout - Number(args[args.indexOf("--hold") + 1])).toBeGreaterThanOrEqual(15);
  });

  it("are the same when it is done again, and as before when it is undone", () => {
    expect(withClaudeHooks(connected, { launcher: "/elsewhere/loopgate", isGate })).toEqual(
      withClaudeHooks(theirs, { launcher: "/elsewhere/loopgate", isGate }),
    );
    expect(withoutClaudeHooks(connected)).toEqual(theirs);
    expect(withoutClaudeHooks(withClaudeHooks({}, { launcher, isGate }))).toEqual({});
  });
});
