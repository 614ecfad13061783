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

/** Asks as an AI application does; `answer` is what the person does meanwhile. */
async function expectAsks(transport: Transport, answer: (text: string) => Promise<void>): Promise<void> {
  const client = new Client({ name: "an AI application", version: "1.0.0" });
  await client.connect(transport);
  const question = { message: "Configured?", request_type: "confirmation", wait_seconds: 50 };
  const asking = client.callTool({ name: "request_human_input", arguments: question });
  await answer("Configured?");
  expect((await asking).structuredContent).toMatchObject({ approved: true });
  await client.close();
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

  async function press(text: string, button: string): Promise<void> {
    const found = () => setting.telegram.messagesIn(7).find((message) => message.text.includes(text));
    await expect.poll(found).toBeDefined();
    setting.telegram.press(alice, found()!, button);
  }

  describe.each([
    ["ask.ts", /^deploying/, /^not deploying: denied/, 0],
    ["ask-official-client.ts", /^deploying/, /^not deploying/, 0],
    ["ask.py", /^deploying/, /^not deploying/, 0],
    ["ask.sh", /^deploying/, /^not deploying/, 1],
    ["hitl.sh", /"approved":true/, /"approved":false/, 0],
  ])("%s", (name, approved, denied, codeOfDenial) => {
    it.each([
      ["Approve", approved, 0],
      ["Deny", denied, codeOfDenial],
    ])("asks, and goes on only when a person approved: %s", async (button, output, code) => {
      const build = `${name} ${button}`.replaceAll(/\W/g, "-");
      // Before the address is filled in: its port may have the same digits.
      const text = printed(readExample(name).replaceAll("42", build));
      const place = { env: { PYTHONPATH }, ...(name === "ask.ts" ? { cwd: elsewhere.path } : {}) };
      const running = runText(name, text, place);
      await press(build, button);
      expect(await running).toEqual({ code, output: expect.stringMatching(output) });
    });
  });

  it("ask-2026-07-28.sh asks by the newest revision and prints the answer", async () => {
    const running = runText(".sh", printed(readExample("ask-2026-07-28.sh")));
    await press("Which region?", "us-east");
    const { output } = await running;
    expect(output).toMatch(/"resultType":"complete"/);
    expect(output).toMatch(/"response":"us-east"/);
  });

  it("README.md asks and reads the decision as printed", async () => {
    const [ask = "", look = ""] = readPage("README.md").match(/^ *curl .*\/mcp .*$/gm) ?? [];
    const asked = await runText(".sh", printed(ask));
    const [, id = ""] = /"request_id":"([^"]+)"/.exec(asked.output) ?? [];
    await press("Test message", "Approve");
    expect(await runText(".sh", printed(look).replace("<the request_id>", id))).toMatchObject({
      code: 0,
      output: expect.stringContaining('"approved":true'),
    });
  });

  it("http.mcp.json names an address that answers", async () => {
    const { url } = JSON.parse(printed(readExample("http.mcp.json"))).mcpServers.loopgate;
    const transport = new StreamableHTTPClientTransport(new URL(url));
    await expectAsks(transport, (text) => press(text, "Approve"));
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

  async function approve(text: string): Promise<void> {
    setting.telegram.press(alice, await setting.messageWith(text), "Approve");
  }

  /** As Claude Code and Cursor fill in what their own environment holds. */
  const expanded = (text: string) =>
    text.replaceAll(/\$\{(?:env:)?(\w+)\}/g, (_, name: string) => setting.environment()[name]!);

  it.each(["claude_desktop_config.json", "claude-code.mcp.json", "cursor.mcp.json"])(
    "%s names a command and an environment that ask",
    async (name) => {
      const { command, env } = JSON.parse(expanded(filled(readExample(name)))).mcpServers.loopgate;
      const transport = new StdioClientTransport({ command, cwd: "/", env: { ...given(), ...env } });
      await expectAsks(transport, approve);
    },
  );

  it("claude-mcp-add.sh adds a command and an environment that ask", async () => {
    const text = `claude() { printf '%s\\n' "$@"; }\n${filled(readExample("claude-mcp-add.sh"))}`;
    const [, , , , token = "", , chat = "", , command = "", ...rest] = (
      await runText(".sh", text)
    ).output.split("\n");
    expect(rest).toEqual([""]);
    const env = Object.fromEntries([token, chat].map((variable) => variable.split(/=(.*)/)));
    const transport = new StdioClientTransport({ command, cwd: "/", env: { ...given(), ...env } });
    await expectAsks(transport, approve);
  });

  it("ask.py with a path starts Loopgate and asks", async () => {
    const env = { ...setting.environment(), PATH: process.env["PATH"]!, PYTHONPATH };
    const running = runText(".py", readExample("ask.py"), { args: [join(root, "loopgate")], env });
    await approve("Deploy build 42");
    expect(await running).toEqual({ code: 0, output: "deploying\n" });
  });
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
