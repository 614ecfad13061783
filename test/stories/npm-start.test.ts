import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { linesOf } from "@loopgate/runtime/lines";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../harness/loopgate.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

it.each<[string, (leader: number) => void]>([
  ["SIGTERM to it", (leader) => process.kill(leader, "SIGTERM")],
  // A terminal signals the whole group, then npm and the launcher forward the signal: Loopgate gets it more than once.
  ["Ctrl-C in a terminal", (leader) => process.kill(-leader, "SIGINT")],
])("`npm start` runs in the foreground: %s stops Loopgate in order", async (_, stop) => {
  await using directory = await temporaryDirectory();
  const { PATH } = process.env;
  const child = spawn("npm", ["start"], {
    cwd: root,
    env: { PATH, HOME: directory.path, LOOPGATE_DATA_DIR: directory.path, SERVER_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  try {
    const ended = Promise.all([once(child, "exit"), text(child.stderr)]);
    for await (const line of linesOf(child.stdout)) {
      const [, url] = /is ready: (http:\/\/[\d.:]+)/.exec(line) ?? [];
      if (url === undefined) continue;
      await openPage(url);
      break;
    }
    stop(child.pid ?? 0);
    const [[code, signal], log] = await ended;
    expect({ code, signal, log }).toMatchObject({ code: 0, signal: null });
    expect(log).toContain('"msg":"stopped"');
    expect(log).not.toContain("Warning");
  } finally {
    killGroup(child.pid);
  }
});

/** Loads what a browser loads first. */
async function openPage(url: string): Promise<void> {
  const page = await (await fetch(url)).text();
  const [, script = ""] = /src="(\/assets\/[^"]+)"/.exec(page) ?? [];
  expect((await fetch(url + script)).status).toBe(200);
}

/** Ends processes that a failed test leaves running. */
function killGroup(leader = 0): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // No process is left.
  }
}
