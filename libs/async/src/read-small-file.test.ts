import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { FileLimitExceeded, readSmallFile } from "./read-small-file.ts";

const folder = mkdtempSync(join(tmpdir(), "loopgate-small-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

function aPipe(name: string): string {
  const path = join(folder, name);
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
  return path;
}

const textOf = async (path: string) => (await readSmallFile(path)).toString();

it("reads a regular file, also a large and an empty one", async () => {
  const path = join(folder, "regular");
  const long = "x".repeat(200_000);
  for (const text of ["secret\n", "", long]) {
    writeFileSync(path, text);
    expect(await textOf(path)).toBe(text);
  }
});

it("reads a pipe to its end, however late and slowly its writer writes", async () => {
  const path = aPipe("slow");
  const writer = spawn("sh", ["-c", '{ printf sec; sleep 0.2; printf ret; } > "$0"', path]);
  expect(await textOf(path)).toBe("secret");
  writer.kill();
});

it("gives up a pipe without a writer, and does not hold up other files", async () => {
  const path = aPipe("silent");
  const reads = Array.from({ length: 8 }, () => readSmallFile(path, { withinMs: 300 }));
  await readFile(import.meta.filename);
  for (const read of await Promise.allSettled(reads)) {
    expect(read).toMatchObject({ reason: expect.any(FileLimitExceeded) });
  }
});

it("gives up a pipe whose writer never closes it", async () => {
  const path = aPipe("open");
  const writer = spawn("sh", ["-c", 'exec > "$0"; printf secret; exec sleep 20', path]);
  await expect(readSmallFile(path, { withinMs: 400 })).rejects.toThrow("does not end within 400 ms");
  writer.kill();
});

it("gives up a file that is too large or endless, and fails for what is no file", async () => {
  await expect(readSmallFile("/dev/zero")).rejects.toThrow("has more than 1048576 bytes");
  await expect(readSmallFile(import.meta.filename, { maxBytes: 100 })).rejects.toThrow(FileLimitExceeded);
  await expect(readSmallFile(folder)).rejects.toThrow("EISDIR");
  await expect(readSmallFile(join(folder, "missing"))).rejects.toThrow("ENOENT");
});
