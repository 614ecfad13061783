import { join } from "node:path";
import { Client, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { person } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleNames, filled, readExample, readPage, root, run, runText } from "../harness/examples.ts";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { pythonPackage } from "../harness/python-package.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const alice = person(7);
const PYTHONPATH = await pythonPackage("mcp", "2.3.0");

/** Presses a button below the `nth` message with this text, once it is there. */
type Press = (text: string, button: string, nth: number) => Promise<void>;

/** Asks twice, as an AI application does; the second start is not approved by the first one's answer. */
async function expectAsks(open: () => Transport, press: Press): Promise<void> {
  for (const [before, button] of ["Approve", "Deny"].entries()) {
    const client = new Client({ name: "an AI application", version: "1.0.0" });
    await client.connect(open());
    const question = { message: "Configured?", request_type: "confirmation", wait_seconds: 50 };
    const asking = client.callTool({ name: "request_human_input", arguments: question });
    await press("Configured?", button, before + 1);
    expect((await asking).structuredContent).toMatchObject({ approved: button === "Approve" });
    await client.close();
  }
}

describe("over HTTP", () => {
  const setting = useLoopgate();
  /** Where somebody writes an agent of their own. */
  let elsewhere: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    elsewhere = await temporaryDirectory();
    const args = ["install", "--offline", "--no-audit", join(root, "libs", "client")];
    expect(await run("npm", { args, cwd: elsewhere.path })).toMatchObject({ code: 0 });
  });
  afterAll(() => elsewhere[Symbol.asyncDispose]());

  const printed = (text: string) => filled(text, setting.loopgate.url);

  const press: Press = async (text, button, nth) => {
    const found = () => setting.telegram.messagesIn(7).filter((message) => message.text.includes(text));
    await expect.poll(() => found().length).toBeGreaterThanOrEqual(nth);
    setting.telegram.press(alice, found()[nth - 1]!, button);
  };

  describe.each([
    ["ask.ts", /^deploying/, /^not deploying: denied/, 0],
    ["ask-official-client.ts", /^deploying/, /^not deploying/, 0],
    ["ask.py", /^deploying/, /^not deploying/, 0],
    ["ask.sh", /^deploying/, /^not deploying/, 1],
    ["rest.sh", /"approved":true/, /"approved":false/, 0],
    ["hitl.sh", /"approved":true/, /"approved":false/, 0],
  ])("%s", (name, approved, denied, codeOfDenial) => {
    const start = (build: string) => {
      // Before the address is filled in: its port may have the same digits.
      const text = printed(readExample(name).replaceAll("42", build));
      const place = { env: { PYTHONPATH }, ...(name === "ask.ts" ? { cwd: elsewhere.path } : {}) };
      return runText(name, text, place);
    };
    const approval = { code: 0, output: expect.stringMatching(approved) };
    const denial = { code: codeOfDenial, output: expect.stringMatching(denied) };

    it("asks each time it runs, and goes on only when a person approved this run", async () => {
      const build = `${name} one after another`.replaceAll(/\W/g, "-");
      const first = start(build);
      await press(build, "Approve", 1);
      expect(await first).toEqual(approval);
      const second = start(build);
      await press(build, "Deny", 2);
      expect(await second).toEqual(denial);
    });

    it("asks for each of two runs at once: one is approved, the other denied", async () => {
      const build = `${name} at once`.replaceAll(/\W/g, "-");
      const runs = Promise.all([start(build), start(build)]);
      await press(build, "Deny", 2);
      await press(build, "Approve", 1);
      const isDenied = ({ output }: { readonly output: string }) => Number(denied.test(output));
      expect((await runs).toSorted((a, b) => isDenied(a) - isDenied(b))).toEqual([approval, denial]);
    });
  });

  it("ask-2026-07-28.sh asks by the newest revision each time, and prints the answer", async () => {
    for (const [before, region] of ["us-east", "eu-west"].entries()) {
      const running = runText(".sh", printed(readExample("ask-2026-07-28.sh")));
      await press("Which region?", region, before + 1);
      const { output } = await running;
      expect(output).toMatch(/"resultType":"complete"/);
      expect(output).toContain(`"response":"${region}"`);
    }
  });

  it("README.md asks each time and reads the decision as printed", async () => {
    const [ask = "", look = ""] = readPage("README.md").match(/^ *curl .*\/mcp .*$/gm) ?? [];
    for (const [before, button] of ["Approve", "Deny"].entries()) {
      const asked = await runText(".sh", printed(ask));
      const [, id = ""] = /"request_id":"([^"]+)"/.exec(asked.output) ?? [];
      await press("Test message", button, before + 1);
      expect(await runText(".sh", printed(look).replace("<the request_id>", id))).toMatchObject({
        code: 0,
        output: expect.stringContaining(`"approved":${button === "Approve"}`),
      });
    }
  });

  it("http.mcp.json names an address that answers", async () => {
    const { url } = JSON.parse(printed(readExample("http.mcp.json"))).mcpServers.loopgate;
    await expectAsks(() => new StreamableHTTPClientTransport(new URL(url)), press);
  });

  it("instructions.md speaks of tools, arguments and values that there are", async () => {
    const body = JSON.stringify({ method: "tools/list", id: 1 });
    const headers = { "content-type": "application/json" };
    const listed = await fetch(`${setting.loopgate.url}/mcp`, { method: "POST", headers, body });
    const known = new Set((await listed.text()).match(/\w+/g));
    const said = [...readExample("instructions.md").matchAll(/`(\w+)/g)].map(([, word = ""]) => word);
    expect(said.filter((word) => !known.has(word))).toEqual([]);
  });
});

describe("over stdio", () => {
  const setting = StdioSetting.use();
  /** What an AI application's child gets beside what it is configured with. */
  const given = () => {
    const { TELEGRAM_BOT_TOKEN: _token, TELEGRAM_CHAT_ID: _chat, ...environment } = setting.environment();
    return environment;
  };

  const press: Press = async (text, button, nth) => {
    await expect.poll(() => setting.messagesWith(text).length).toBe(nth);
    setting.telegram.press(alice, setting.messagesWith(text)[nth - 1]!, button);
  };

  /** As Claude Code and Cursor fill in what their own environment holds. */
  const expanded = (text: string) =>
    text.replaceAll(/\$\{(?:env:)?(\w+)\}/g, (_, name: string) => setting.environment()[name]!);

  it.each(["claude_desktop_config.json", "claude-code.mcp.json", "cursor.mcp.json"])(
    "%s names a command and an environment that ask",
    async (name) => {
      const { command, env } = JSON.parse(expanded(filled(readExample(name)))).mcpServers.loopgate;
      const start = { command, cwd: "/", env: { ...given(), ...env } };
      await expectAsks(() => new StdioClientTransport(start), press);
    },
  );

  it("claude-mcp-add.sh adds a command and an environment that ask", async () => {
    const text = `claude() { printf '%s\\n' "$@"; }\n${filled(readExample("claude-mcp-add.sh"))}`;
    const [, , , , token = "", , chat = "", , command = "", ...rest] = (
      await runText(".sh", text)
    ).output.split("\n");
    expect(rest).toEqual([""]);
    const env = Object.fromEntries([token, chat].map((variable) => variable.split(/=(.*)/)));
    const start = { command, cwd: "/", env: { ...given(), ...env } };
    await expectAsks(() => new StdioClientTransport(start), press);
  });

  it("ask.py with a path starts Loopgate and asks", async () => {
    const env = { ...setting.environment(), PATH: process.env["PATH"]!, PYTHONPATH };
    for (const [before, button] of ["Approve", "Deny"].entries()) {
      const running = runText(".py", readExample("ask.py"), { args: [join(root, "loopgate")], env });
      await press("Deploy build 42", button, before + 1);
      const output = button === "Approve" ? /^deploying\n$/ : /^not deploying/;
      expect(await running).toEqual({ code: 0, output: expect.stringMatching(output) });
    }
  });
});

it("no example has a constant idempotency key", () => {
  for (const name of exampleNames())
    expect(readExample(name), name).not.toMatch(/idempotency_?key["']?: *["'][\w-]/i);
});

describe("what the pages print", () => {
  const block = /^```\w*\n[^]*?^```$/gm;
  const example = /\]\((?:\.\.\/)?examples\/([^)]+)\)[^\n]*\n\n```\w*\n([^]*?)^```$/gm;

  it.each(["README.md", "docs/ways-in.md"])(
    "%s has examples as they are, right below their links",
    (page) => {
      for (const [, name = "", text] of readPage(page).matchAll(example))
        expect(text, name).toBe(readExample(name));
    },
  );

  it("docs/ways-in.md has every example, and no other code", () => {
    const page = readPage("docs/ways-in.md");
    const names = [...page.matchAll(example)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(exampleNames()));
    expect(page.match(block)).toHaveLength(names.length);
  });
});
