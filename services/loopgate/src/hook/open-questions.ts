import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "@loopgate/runtime/json";
import type { Environment } from "@loopgate/settings";
import { dataDirectoryOf } from "../environment.ts";

/**
 * What is known of a call that a hook asks about, so that a later hook of the same session can close its question. Without
 * an open question it was answered: its note keeps the end of the call from closing the question of an equal call.
 */
export interface HookQuestion {
  /** The question that is open; absent once it is answered. */
  readonly openId?: string | undefined;
  readonly agent?: string | undefined;
  readonly call?: string | undefined;
  readonly tool: string;
  readonly inputDigest: string;
  readonly since: number;
}

/** The notes are files, one for each call. Without a note, a question that was settled elsewhere stays open until its end. */
function directoryOf(environment: Environment, session: string): string | undefined {
  // Hosts name their sessions by UUIDs. Another name could lead out of the directory.
  if (!/^[\w-]{1,100}$/.test(session)) return undefined;
  return join(dataDirectoryOf(environment), "hooks", session);
}

/** True if there are notes of this session. */
export function hasNotes(environment: Environment, session: string): boolean {
  const directory = directoryOf(environment, session);
  return directory !== undefined && existsSync(directory);
}

export class OpenQuestions {
  readonly #directory: string | undefined;

  constructor(environment: Environment, session: string) {
    this.#directory = directoryOf(environment, session);
  }

  note(key: string, question: HookQuestion): void {
    if (this.#directory === undefined) return;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(join(this.#directory, key), JSON.stringify(question), { mode: 0o600 });
    } catch {
      // The question then stays open until its end.
    }
  }

  remove(key: string): void {
    if (this.#directory === undefined) return;
    try {
      rmSync(join(this.#directory, key), { force: true });
      rmdirSync(this.#directory);
    } catch {
      // Others are left in it.
    }
  }

  /** Oldest first. */
  list(): readonly (readonly [key: string, question: HookQuestion])[] {
    const directory = this.#directory;
    if (directory === undefined) return [];
    const found = namesIn(directory).flatMap((name) => {
      const question = questionIn(join(directory, name));
      return question === undefined ? [] : [[name, question] as const];
    });
    return found.toSorted(([, a], [, b]) => a.since - b.since);
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function questionIn(file: string): HookQuestion | undefined {
  try {
    const json = parseJson(readFileSync(file, "utf8"));
    return json.kind === "value" && isHookQuestion(json.value) ? json.value : undefined;
  } catch {
    return undefined;
  }
}

const isHookQuestion = (value: unknown): value is HookQuestion =>
  typeof value === "object" &&
  value !== null &&
  "tool" in value &&
  "inputDigest" in value &&
  "since" in value &&
  typeof value.since === "number";
