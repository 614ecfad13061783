import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { linesOf } from "@loopgate/runtime/lines";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../harness/loopgate.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("`npm start` runs in the foreground: SIGTERM to it stops Loopgate in order", async () => {
  await using directory = await temporaryDirectory();
  const { PATH } = process.env;
  const child = spawn("npm", ["start"], {
    cwd: root,
    env: { PATH, HOME: directory.path, LOOPGATE_DATA_DIR: directory.path, SERVER_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  try {
    for await (const line of linesOf(child.stdout)) if (line.includes("is ready: ")) break;
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  } finally {
    killGroup(child.pid);
  }
});

/** Ends what a failure would leave behind. */
function killGroup(leader = 0): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left.
  }
}
