import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MCPServerStdio, MCPServerStreamableHttp } from "@openai/agents";
import { type FakeTelegram, person, type ShownMessage } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { pythonPackage } from "../harness/python-package.ts";
import { launcher } from "../harness/stdio-proxy.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const LIMIT_MS = 5_000;
const script = fileURLToPath(new URL("openai_agents.py", import.meta.url));
const http = useLoopgate();
const stdio = StdioSetting.use();

interface Scene {
  readonly telegram: FakeTelegram;
  readonly url: string;
  readonly question: { readonly message: string };
}

async function sceneOf(over: string, message: string): Promise<Scene> {
  const question = { message, request_type: "confirmation", wait_seconds: 50 };
  const { telegram } = over === "HTTP" ? http : stdio;
  const { url } = over === "HTTP" ? http.loopgate : await stdio.serve();
  return { telegram, url, question };
}

const messages = ({ telegram, question }: Scene): readonly ShownMessage[] =>
  telegram.messagesIn(7).filter(({ text }) => text.includes(question.message));

/** Resolves once this many calls wait for a decision. */
async function expectWaiting({ url }: Scene, calls: number): Promise<void> {
  const waiting = async () => {
    const series = await (await fetch(`${url}/metrics`)).text();
    return Number(/^loopgate_waiting_calls (\d+)$/m.exec(series)?.[1]);
  };
  await expect.poll(waiting).toBe(calls);
}

/** The person presses on the newest message, of as many as there must be. */
function approve(scene: Scene, count = 1): void {
  expect(messages(scene)).toHaveLength(count);
  scene.telegram.press(person(7), messages(scene).at(-1)!, "Approve");
}

/** The SDK's own connection, with its limit. */
async function connect(over: string, { url }: Scene) {
  const limits = { clientSessionTimeoutSeconds: 60, timeout: LIMIT_MS };
  const server =
    over === "HTTP"
      ? new MCPServerStreamableHttp({ url: `${url}/mcp`, ...limits })
      : new MCPServerStdio({ ...child(), ...limits });
  await server.connect();
  return server;
}

const child = () => ({ command: launcher, env: stdio.environment(), cwd: "/" });

describe.each(["HTTP", "stdio"])("over %s, a limit of 5 s and two retries ask once", (over) => {
  it("with @openai/agents, and the agent's next call has the answer", async () => {
    const scene = await sceneOf(over, "from JavaScript");
    const server = await connect(over, scene);
    const call = () => server.callTool("request_human_input", { ...scene.question });
    for (const _ of ["call", "retry", "retry"]) await expect(call()).rejects.toThrow("timed out");
    await expectWaiting(scene, 0);
    const next = call();
    await expectWaiting(scene, 1);
    approve(scene);
    expect(JSON.stringify(await next)).toContain('\\"approved\\":true');
    expect(messages(scene)).toHaveLength(1);
    await server.close();
  });

  it("but a press while no call waits answers none: the next call asks anew", async () => {
    const scene = await sceneOf(over, "pressed in between");
    const server = await connect(over, scene);
    const call = () => server.callTool("request_human_input", { ...scene.question });
    await expect(call()).rejects.toThrow("timed out");
    await expectWaiting(scene, 0);
    approve(scene);
    const pending = async () => JSON.stringify(await server.callTool("list_pending_requests", {}));
    await expect.poll(pending).toContain("No request is pending");
    const next = call();
    await expect.poll(() => messages(scene)).toHaveLength(2);
    approve(scene, 2);
    expect(JSON.stringify(await next)).toContain('\\"approved\\":true');
    await server.close();
  });

  describe("with openai-agents for Python", () => {
    async function start(scene: Scene) {
      const place = over === "HTTP" ? `${scene.url}/mcp` : JSON.stringify(child());
      const python = spawn("python3", [script, place, JSON.stringify(scene.question)], {
        env: { ...process.env, PYTHONPATH: await pythonPackage("openai-agents", "0.24.0") },
        stdio: ["pipe", "pipe", "ignore"],
      });
      const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
      return { python, exited: once(python, "exit"), line: async () => String((await lines.next()).value) };
    }

    it("and a press during the retries is the answer", async () => {
      const scene = await sceneOf(over, "from Python, retried");
      const { exited, line } = await start(scene);
      for (const calls of [1, 0, 1]) await expectWaiting(scene, calls);
      approve(scene);
      expect(JSON.parse(await line())).toMatchObject({ status: "decided", approved: true });
      expect(await exited).toEqual([0, null]);
      expect(messages(scene)).toHaveLength(1);
    });

    it("and the agent's next call has the answer", async () => {
      const scene = await sceneOf(over, "from Python, asked again");
      const { python, exited, line } = await start(scene);
      expect(await line()).toMatch(/^failed: /);
      await expectWaiting(scene, 0);
      python.stdin.write("\n");
      await expectWaiting(scene, 1);
      approve(scene);
      expect(JSON.parse(await line())).toMatchObject({ status: "decided", approved: true });
      expect(await exited).toEqual([0, null]);
      expect(messages(scene)).toHaveLength(1);
    });
  });
});
