import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../../harness/loopgate.ts";
import { preToolUse } from "../../harness/hook-process.ts";
import { launcher } from "../../harness/stdio-proxy.ts";
import { type Figure, ms, type Row } from "../figure.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const ROUNDS = 40;
const TARGET = 1.6;

const rules = {
  rules: [{ tool: "claude-code:Bash", args: { command: { regex: "^git push" } }, do: "ask" }],
};

/** What a host waits for before every call: a hook that has nothing to ask. */
export const hook: Row = {
  title: "a hook that asks nothing, beside a bare start of Node",
  measure: async () => {
    await using directory = await temporaryDirectory();
    const input = join(directory.path, "input.json");
    const file = join(directory.path, "rules.json");
    writeFileSync(input, JSON.stringify(preToolUse("ls", "1")));
    writeFileSync(file, JSON.stringify(rules));
    const environment = { HOME: directory.path, PATH: "/usr/bin:/bin" };
    const command = [launcher, "hook", "claude-code"] as const;
    const samples = await inTurns(ROUNDS, {
      floor: () => run([process.execPath, "-e", "0"], input, environment),
      bare: () => run(command, input, environment),
      ruled: () => run(command, input, { ...environment, LOOPGATE_RULES_FILE: file }),
    });
    const { floor, bare, ruled } = samples;
    return [
      ...figuresOf("a hook without rules", bare, floor),
      ...figuresOf("a hook whose rules do not name the call", ruled, floor),
    ];
  },
};

interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Runs a command to its end. Its time on the processor is that of all children, before and after. */
async function run(
  [program, ...args]: readonly [string, ...string[]],
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<Sample> {
  const descriptor = openSync(input, "r");
  const cpuBefore = childrenCpuMs();
  const begun = performance.now();
  const child = spawn(program, args, { env, stdio: [descriptor, "ignore", "ignore"] });
  const [code] = (await once(child, "close")) as [number | null];
  closeSync(descriptor);
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return { wallMs: performance.now() - begun, cpuMs: childrenCpuMs() - cpuBefore };
}

/** User and system time of all children that have ended: Linux counts it in ticks of 10 ms. */
function childrenCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function figuresOf(what: string, samples: readonly Sample[], floors: readonly Sample[]): readonly Figure[] {
  const kinds = [
    ["wall", ({ wallMs }: Sample) => wallMs],
    ["processor", ({ cpuMs }: Sample) => cpuMs],
  ] as const;
  return kinds.map(([kind, pick]) => {
    const [measured, floor] = [samples.map(pick), floors.map(pick)];
    // Ticks are too coarse for the ratio of one turn.
    const ratio = kind === "wall" ? medianRatio(measured, floor) : mean(measured) / mean(floor);
    const middle = kind === "wall" ? median : mean;
    return {
      what: `${what}, ${kind}`,
      measured: ms(middle(measured)),
      floor: ms(middle(floor)),
      ratio,
      target: `≤ ${TARGET}`,
      isMet: ratio <= TARGET,
    };
  });
}

const mean = (samples: readonly number[]): number =>
  samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
