import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { person } from "@loopgate/testing";
import { afterEach, describe, expect, it } from "vitest";
import { runLoopgate } from "../harness/command.ts";
import {
  beforeCall,
  claudeEvent,
  type HookProcess,
  permission,
  permissionRequest,
  postToolUse,
  preToolUse,
  startHook,
} from "../harness/hook-process.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { daemonsIn, killIfThere, treeOf } from "../harness/stdio-proxy.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const setting = StdioSetting.use();
const alice = person(7);

const started: HookProcess[] = [];

function hook(
  input: unknown,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): HookProcess {
  const one = startHook(input, { args, environment: setting.environment(more) });
  started.push(one);
  return one;
}

// A hook that a failed test leaves would wait for minutes.
afterEach(async () => {
  for (const { pid } of started) for (const each of treeOf(pid)) killIfThere(each);
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});

/** The hook's answer, after a press on the newest message with this text. */
async function press(text: string, button: string, asking: HookProcess) {
  const message = await setting.messageWith(text);
  setting.telegram.press(alice, message, button);
  return (await asking.ended).output;
}

/** A file of rules, for the environment. */
function rules(text: unknown): Readonly<Record<string, string>> {
  const file = join(setting.directory, "rules.json");
  writeFileSync(file, typeof text === "string" ? text : JSON.stringify(text));
  return { LOOPGATE_RULES_FILE: file };
}

const closed = (text: string, how: RegExp) =>
  expect
    .poll(() => setting.messagesWith(text).map((message) => message.text))
    .toEqual([expect.stringMatching(how)]);

describe("a hook in prompt mode", () => {
  it("asks what the host asks, shows the call, and allows it after a press", async () => {
    const asking = hook(permissionRequest(`echo ${textCanary}`));
    const { text } = await setting.messageWith("asks to use Bash");
    expect(text).toContain(`command: echo ${textCanary}`);
    expect(text).toContain("📁 /work/app");
    expect(await press("asks to use Bash", "Approve", asking)).toEqual(permission({ behavior: "allow" }));
  });

  it("denies with the person's comment as the reason", async () => {
    const asking = hook(permissionRequest("deploy"));
    setting.telegram.reply(alice, await setting.messageWith("command: deploy"), "not on Friday");
    expect(await press("decides nothing by itself", "Deny, with your comment", asking)).toEqual(
      permission({ behavior: "deny", message: "not on Friday" }),
    );
  });

  it("makes no decision without an answer in time, and withdraws the question", async () => {
    const { output, code } = await hook(permissionRequest("sleepy"), ["--hold", "3"]).ended;
    expect({ output, code }).toEqual({ output: undefined, code: 0 });
    await closed("command: sleepy", /Cancelled[^]*no person answered in time/);
  });

  it("withdraws the question when the host ends it", async () => {
    const asking = hook(permissionRequest("stopped"));
    await setting.messageWith("command: stopped");
    process.kill(asking.pid, "SIGTERM");
    expect((await asking.ended).output).toBeUndefined();
    await closed("command: stopped", /Cancelled[^]*Claude Code has ended the hook/);
  });

  it("leaves calls to the host, except those that a rule names", async () => {
    const file = rules({
      rules: [
        {
          tool: "claude-code:Bash",
          args: { command: { glob: "rm *" } },
          do: "deny",
          message: "Move it away.",
        },
        { tool: "claude-code:Bash", args: { command: { glob: "git push*" } }, do: "ask" },
      ],
    });
    expect((await hook(preToolUse("ls", "1"), [], file).ended).output).toBeUndefined();
    expect((await hook(preToolUse("rm -r x", "2"), [], file).ended).output).toEqual(
      beforeCall("deny", "Move it away."),
    );
    expect((await hook(preToolUse("git push", "3"), [], file).ended).output).toEqual(
      beforeCall("ask", expect.any(String)),
    );
    expect(daemonsIn(setting.directory)).toEqual([]);
  });

  it("asks a person itself what a rule names, where no person is at the terminal", async () => {
    const file = { ...rules({ rules: [{ tool: "*", do: "ask" }] }), CLAUDE_CODE_SESSION_ATTENDED: "0" };
    const asking = hook(preToolUse("git push", "3"), [], file);
    expect(await press("command: git push", "Approve", asking)).toEqual(beforeCall("allow"));
  });

  it("answers several questions, each as it was asked", async () => {
    const questions = [
      {
        question: "Which colour?",
        header: "C",
        multiSelect: false,
        options: [{ label: "Red" }, { label: "Blue" }],
      },
      {
        question: "Which toppings?",
        header: "T",
        multiSelect: true,
        options: [{ label: "Ham" }, { label: "Olives" }, { label: "Corn" }],
      },
    ];
    const tool_input = { questions };
    const asking = hook(claudeEvent("PermissionRequest", { tool_name: "AskUserQuestion", tool_input }));
    setting.telegram.press(alice, await setting.messageWith("Which colour?"), "Blue");
    setting.telegram.reply(alice, await setting.messageWith("Which toppings?"), "1, 3");
    const answers = { "Which colour?": "Blue", "Which toppings?": "Ham, Corn" };
    expect((await asking.ended).output).toEqual(
      permission({ behavior: "allow", updatedInput: { questions, answers } }),
    );
  });

  it("approves a plan with its text, or sends it back", async () => {
    const tool_input = { plan: "1. Touch a file", planFilePath: "/plans/p.md" };
    const plan = claudeEvent("PermissionRequest", { tool_name: "ExitPlanMode", tool_input });
    expect(await press("1. Touch a file", "Approve", hook(plan))).toEqual(
      permission({ behavior: "allow", updatedInput: tool_input }),
    );
  });
});

describe("a hook in gate mode", () => {
  const gate = ["--gate"];

  it("asks about every call that no rule names, and allows it after a press", async () => {
    expect(await press("command: ls", "Approve", hook(preToolUse("ls", "1"), gate))).toEqual(
      beforeCall("allow"),
    );
  });

  it("denies without an answer in time", async () => {
    const { output } = await hook(preToolUse("ls", "1"), [...gate, "--hold", "3"]).ended;
    expect(output).toEqual(beforeCall("deny", "Not approved: no person answered in time."));
  });

  it.each([
    ["rules that are not valid", "{"],
    [
      "a rule that takes too long",
      { rules: [{ tool: "*", args: { command: { regex: "^(a+)+$" } }, do: "allow" }] },
    ],
  ])("denies on %s, where prompt mode makes no decision", async (_, file) => {
    const call = preToolUse(`${"a".repeat(60)}b`, "1");
    const denied = await hook(call, gate, rules(file)).ended;
    expect(denied.output).toEqual(beforeCall("deny", expect.stringMatching(/^Not approved: /)));
    expect(await hook(call, [], rules(file)).ended).toMatchObject({ output: undefined, code: 0 });
  });

  it.each([
    ["what it can't read", "no json", ["--gate"]],
    ["arguments that it does not know", preToolUse("ls", "1"), ["--gate", "--hodl", "3"]],
  ])("blocks on %s", async (_, input, args) => {
    expect(await hook(input, args).ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/.{20}/) });
  });

  it("blocks if the process that asks is killed", async () => {
    const asking = hook(preToolUse("killed", "1"), gate);
    await setting.messageWith("command: killed");
    const [, ...children] = treeOf(asking.pid);
    expect(children).not.toEqual([]);
    for (const pid of children) process.kill(pid, "SIGKILL");
    expect(await asking.ended).toMatchObject({ code: 2, output: undefined });
  });

  it("withdraws the question and denies when the host ends it", async () => {
    const asking = hook(preToolUse("stopped", "1"), gate);
    await setting.messageWith("command: stopped");
    process.kill(asking.pid, "SIGTERM");
    expect((await asking.ended).output).toEqual(beforeCall("deny", expect.any(String)));
    await closed("command: stopped", /Cancelled/);
  });
});

describe("one question for each call", () => {
  it("a call whose hook runs again is asked once; two equal calls are asked twice", async () => {
    const gate = ["--gate"];
    const [first, again, other] = ["1", "1", "2"].map((id) => hook(preToolUse("same", id), gate));
    await expect.poll(() => setting.messagesWith("command: same").length).toBe(2);
    for (const message of setting.messagesWith("command: same"))
      setting.telegram.press(alice, message, "Approve");
    for (const asking of [first, again, other])
      expect((await asking!.ended).output).toEqual(beforeCall("allow"));
    expect(setting.messagesWith("command: same")).toHaveLength(2);
  });

  it("is answered although the daemon is killed meanwhile", async () => {
    const asking = hook(permissionRequest("lasting"));
    await setting.messageWith("command: lasting");
    process.kill(await setting.daemon(), "SIGKILL");
    expect(await press("command: lasting", "Approve", asking)).toEqual(permission({ behavior: "allow" }));
    expect(setting.messagesWith("command: lasting")).toHaveLength(1);
  });
});

describe("what was settled at the terminal", () => {
  it.each([
    ["the end of the call", postToolUse("settled", "1")],
    ["the end of the turn", claudeEvent("Stop")],
    ["a new prompt", claudeEvent("UserPromptSubmit", { prompt: "go on" })],
    ["the end of the session", claudeEvent("SessionEnd", { reason: "other" })],
  ])("is closed by %s", async (_, event) => {
    const asking = hook(permissionRequest("settled"));
    await setting.messageWith("command: settled");
    expect((await hook(event).ended).code).toBe(0);
    expect((await asking.ended).output).toBeUndefined();
    await closed("command: settled", /Cancelled[^]*settled at the terminal/);
  });

  it.each([
    ["another call", postToolUse("other", "1")],
    ["another session", { ...claudeEvent("Stop"), session_id: "5d1c0b6e-0000-4000-8000-000000000001" }],
    ["the turn of another agent", claudeEvent("SubagentStop", { agent_id: "a1" })],
  ])("is not closed by the end of %s", async (_, event) => {
    const asking = hook(permissionRequest("open"));
    await setting.messageWith("command: open");
    await hook(event).ended;
    expect(await press("command: open", "Approve", asking)).toEqual(permission({ behavior: "allow" }));
  });

  it("is not taken for an equal call that is still open", async () => {
    expect(await press("command: twice", "Approve", hook(permissionRequest("twice")))).toBeDefined();
    const second = hook(permissionRequest("twice"));
    await expect.poll(() => setting.messagesWith("command: twice").length).toBe(2);
    await hook(postToolUse("twice", "1")).ended;
    setting.telegram.press(alice, setting.messagesWith("command: twice")[1]!, "Approve");
    expect((await second.ended).output).toEqual(permission({ behavior: "allow" }));
  });
});

describe("a Loopgate elsewhere", () => {
  it("is asked with an API key, and a call that it refuses is denied by a gate", async () => {
    const { output } = await runLoopgate(["key"], {});
    const [key = "", entry = ""] = output.split("\n").filter((line) => /^(lk_pub_|\{)/.test(line));
    const file = join(setting.directory, "keys.json");
    writeFileSync(file, `[${entry}]`);
    const { url } = await setting.serve({ LOOPGATE_API_KEYS_FILE: file, LOOPGATE_INBOX: "off" });
    const elsewhere = (apiKey: string) => ({
      LOOPGATE_URL: url,
      LOOPGATE_API_KEY: apiKey,
      LOOPGATE_DATA_DIR: join(setting.directory, "other"),
    });
    const asking = hook(preToolUse("remote", "1"), ["--gate"], elsewhere(key));
    expect(await press("command: remote", "Approve", asking)).toEqual(beforeCall("allow"));
    const refused = await hook(preToolUse("remote", "2"), ["--gate"], elsewhere("wrong")).ended;
    expect(refused.output).toEqual(
      beforeCall("deny", expect.stringMatching(/status 401: check LOOPGATE_URL/)),
    );
    expect(daemonsIn(join(setting.directory, "other"))).toEqual([]);
  });
});
