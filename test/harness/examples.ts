import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { botToken } from "./secret-scan.ts";

/** The repository, as a reader's "/absolute/path/to/loopgate". */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const examples = join(root, "examples");

export const readPage = (path: string): string => readFileSync(join(root, path), "utf8");

export const readExample = (name: string): string => readFileSync(join(examples, name), "utf8");

export const exampleNames = (): readonly string[] =>
  readdirSync(examples).filter((name) => name !== "package.json" && name !== "node_modules");

/** A text of the pages with what its reader replaces; Loopgate's address, too. */
export function filled(text: string, url = ""): string {
  const values: Readonly<Record<string, string>> = {
    "http://127.0.0.1:8080": url,
    "http://localhost:8080": url,
    "/absolute/path/to/loopgate": root,
    "123456:ABC…": botToken,
    "1234567": "7",
  };
  return text.replaceAll(new RegExp(Object.keys(values).join("|"), "g"), (found) => values[found] ?? "");
}

export interface Place {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. */
export async function run(command: string, { args = [], cwd = examples, env = {} }: Place = {}) {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [...stdio] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

const interpreters: Readonly<Record<string, readonly [string, ...string[]]>> = {
  ts: [process.execPath, "--input-type=module-typescript", "--eval"],
  py: ["python3", "-c"],
  sh: ["sh", "-c"],
};

/** Runs the text of a program that has this kind of file name. */
export function runText(name: string, text: string, { args = [], ...place }: Place = {}) {
  const [command = "", ...flags] = interpreters[name.replace(/^.*\./, "")] ?? [];
  return run(command, { ...place, args: [...flags, text, ...args] });
}
