import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { StartupError } from "@loopgate/bus/startup-error";
import { parseJson } from "@loopgate/runtime/json";

export type Json = Readonly<Record<string, unknown>>;

/**
 * The settings of another program; empty if there is no file.
 * @throws StartupError if the file is no JSON object: it must not be overwritten.
 */
export function readSettingsFile(file: string): Json {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw new StartupError(`${file} can't be read: correct its permissions`, { cause: error });
  }
  const json = parseJson(text);
  if (json.kind === "value" && isObject(json.value)) return json.value;
  throw new StartupError(`${file} is not a JSON object: correct it first`);
}

/** Replaces the file in one step, through a link to where it is, and keeps its permissions. */
export function writeSettingsFile(file: string, settings: Json): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const stats = statSync(file, { throwIfNoEntry: false });
  const target = stats === undefined ? file : realpathSync(file);
  const next = `${target}.loopgate-${process.pid}`;
  writeFileSync(next, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: stats?.mode ?? 0o600 });
  renameSync(next, target);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
