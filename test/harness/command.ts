import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expectNoSecrets } from "./secret-scan.ts";

const cli = fileURLToPath(new URL("../../services/loopgate/src/cli.ts", import.meta.url));

/** As the launcher does: most of what a command costs is compiling. */
const compiled = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));

/** Runs `loopgate <args>` to its end. Fails if its output holds a secret. */
export async function runLoopgate(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: "/usr/bin:/bin", NODE_COMPILE_CACHE: compiled, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const [code] = (await once(child, "close")) as [number | null];
  expectNoSecrets(output);
  return { code, output };
}
