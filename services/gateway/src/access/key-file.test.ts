import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readKeyFile } from "./key-file.ts";
import { newKey } from "./new-key.ts";

const folder = mkdtempSync(join(tmpdir(), "loopgate-key-file-"));
const path = join(folder, "keys.json");
afterAll(() => rmSync(folder, { recursive: true }));

function read(content: unknown) {
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return readKeyFile(path);
}

async function problemsOf(content: unknown): Promise<readonly string[]> {
  const file = await read(content);
  return "problems" in file ? file.problems : [];
}

const { key, entry } = newKey({ scope: "request", id: "agent" });
const other = newKey({ scope: "admin", expiresAt: new Date("2030-01-31T00:00:00Z") }).entry;

it("contains the entries of new keys: their hashes, never the keys", async () => {
  expect(key).toMatch(/^lk_pub_[0-9a-f]{64}$/);
  expect(await read([entry, other])).toEqual({ path, entries: [entry, other] });
  expect(entry).toEqual({
    id: "agent",
    hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    scopes: ["request"],
  });
  expect(other).toMatchObject({
    id: `admin-${other.hash.slice(7, 15)}`,
    expires_at: "2030-01-31T00:00:00.000Z",
  });
  expect(JSON.stringify(entry)).not.toContain(key.slice(7));
});

it("may be empty, so that no key is valid", async () => {
  expect(await read([])).toEqual({ path, entries: [] });
});

describe("is refused", () => {
  it("if it can't be read", async () => {
    expect(await readKeyFile(join(folder, "missing"))).toEqual({
      problems: [expect.stringContaining("can't be read")],
    });
    expect(await readKeyFile(folder)).toEqual({ problems: [expect.stringContaining("can't be read")] });
  });

  it("if it is a pipe that nobody writes to, without holding up anything else", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("sh", ["-c", 'mkfifo "$0"', pipe]);
    const reading = readKeyFile(pipe);
    await readFile(import.meta.filename);
    expect(await reading).toEqual({ problems: [expect.stringContaining("does not end within 2000 ms")] });
  });

  it("if it is endless", async () => {
    const problem = expect.stringContaining("has more than 1048576 bytes");
    expect(await readKeyFile("/dev/zero")).toEqual({ problems: [problem] });
  });

  it.each<[string, unknown, string]>([
    ["that is not JSON", key, "is not JSON"],
    ["that is not a list", entry, "must be a list of keys"],
    ["with a text for an entry", [key], "entry 1: must be an object"],
    ["with nothing for an entry", [null], "entry 1: must be an object"],
    ["with an id that is a key", [{ ...entry, id: key }], "entry 1, id: must be"],
    ["with an id that holds a part of a key", [{ ...entry, id: key.slice(0, 40) }], "entry 1, id: must be"],
    ["with an odd id", [{ ...entry, id: "a b" }], "entry 1, id: must be"],
    ["without an id", [{ ...entry, id: undefined }], "entry 1, id: must be"],
    [
      "with a key for a hash",
      [{ ...entry, hash: key }],
      "entry 1, hash: is a key, which is no longer secret",
    ],
    [
      "with a key that has the prefix of a hash",
      [{ ...entry, hash: `sha256:${key}` }],
      "entry 1, hash: is a key",
    ],
    ["with a hash of another length", [{ ...entry, hash: "sha256:00" }], "entry 1, hash: must be sha256:"],
    ["without a hash", [{ ...entry, hash: undefined }], "entry 1, hash: must be sha256:"],
    [
      "with an unknown scope",
      [{ ...entry, scopes: [key] }],
      "entry 1, scopes: must be request, read or admin",
    ],
    ["with scopes that are not a list", [{ ...entry, scopes: "admin" }], "entry 1, scopes: must be a list"],
    ["without a scope", [{ ...entry, scopes: [] }], "entry 1, scopes: must name at least one scope"],
    [
      "with an expiry that is not a time",
      [{ ...entry, expires_at: key }],
      "entry 1, expires_at: must be a time",
    ],
    [
      "with an expiry that is a date",
      [{ ...entry, expires_at: "2030-01-31" }],
      "entry 1, expires_at: must be",
    ],
    ["with an unknown member, such as a misspelt expiry", [{ ...entry, [key]: 1 }], "entry 1: has members"],
    ["with one id twice", [entry, { ...other, id: entry.id }], "has the same id twice"],
    ["with one key twice", [entry, { ...other, hash: entry.hash }], "has the same hash twice"],
  ])("%s", async (_, content, problem) => {
    const problems = await problemsOf(content);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join("")).not.toContain("lk_pub_");
  });

  it("with all problems at once", async () => {
    const problems = await problemsOf([
      entry,
      { id: entry.id, hash: "", scopes: [] },
      { ...other, expires: "soon" },
    ]);
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "entry 2, hash",
      "entry 2, scopes",
      "entry 3",
      "has the same id twice",
    ]);
  });
});
