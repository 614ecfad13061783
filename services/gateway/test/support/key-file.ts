import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KeyFile, readKeyFile } from "../../src/access/key-file.ts";
import { type NewKey, newKey } from "../../src/access/new-key.ts";

/** A file of keys, removed on disposal. */
export interface TestKeyFile extends Disposable {
  readonly path: string;
  /** Replaces the content of the file. */
  write(content: string | readonly NewKey[]): void;
  /** The setting for a gateway. */
  read(): Promise<KeyFile>;
}

export function keyFile(content: string | readonly NewKey[]): TestKeyFile {
  const folder = mkdtempSync(join(tmpdir(), "loopgate-keys-"));
  const path = join(folder, "keys.json");
  const write = (content: string | readonly NewKey[]) =>
    writeFileSync(
      path,
      typeof content === "string" ? content : JSON.stringify(content.map(({ entry }) => entry)),
    );
  write(content);
  return {
    path,
    write,
    read: async () => {
      const file = await readKeyFile(path);
      if ("problems" in file) throw new Error(file.problems.join("; "));
      return file;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const DAY_MS = 86_400_000;

/** One key of each kind. */
export const someKeys = () => ({
  agent: newKey({ scope: "request", id: "agent", expiresAt: new Date(Date.now() + DAY_MS) }),
  operator: newKey({ scope: "admin", id: "operator" }),
  expired: newKey({ scope: "admin", id: "expired", expiresAt: new Date(Date.now() - 1) }),
  unknown: newKey({ scope: "admin" }),
});

export const bearer = ({ key }: NewKey) => ({ authorization: `Bearer ${key}` });
