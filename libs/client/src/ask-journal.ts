import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";

const AskRecord = z.object({
  key: z.string().describe("the idempotency key: random, so no other call has it"),
  question: z.string().describe("the fingerprint of the question"),
  requestId: z.string().optional().describe("absent until Loopgate has accepted the question"),
});

/** What a process needs to resume its own ask: the key, the question's fingerprint, and the request's id once known. */
export type AskRecord = Readonly<z.infer<typeof AskRecord>>;

/**
 * Where `ask` keeps the record of its unfinished request. A journal belongs to one job, which may be resumed, and to one ask
 * of it at a time: the same question asked with the same journal takes the answer.
 */
export interface AskJournal {
  /** The record of an ask that did not finish; undefined if there is none. */
  read(): Promise<AskRecord | undefined>;
  /** Resolves once the record is durable. Undefined: the ask has its answer, and the next one is a new question. */
  write(record: AskRecord | undefined): Promise<void>;
}

/** A journal in a file that only its owner can read. Its directory must exist. */
export function fileJournal(path: string): AskJournal {
  const file = resolve(path);
  return {
    read: async () => {
      const text = await textOf(file);
      return text === undefined ? undefined : recordIn(text, file);
    },
    write: async (record) => {
      if (record === undefined) await rm(file, { force: true });
      else await replace(file, JSON.stringify(record));
      await flushDirectory(dirname(file));
    },
  };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function recordIn(text: string, file: string): AskRecord {
  try {
    return AskRecord.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${file} is not the journal of an ask: name another file, or remove it.`;
    throw new Error(message, { cause });
  }
}

/** A reader sees the old record or the new one, also after a crash. */
async function replace(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  await rm(next, { force: true });
  await writeFile(next, text, { mode: 0o600, flag: "wx", flush: true });
  await rename(next, file);
}

/** Without it, a power cut may bring back the record of an ask that has its answer. */
async function flushDirectory(directory: string): Promise<void> {
  await using handle = await open(directory);
  await handle.sync();
}
