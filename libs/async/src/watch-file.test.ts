import { execFileSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { watchFile } from "./watch-file.ts";

let path: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "loopgate-watch-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, "secret");
});

/** How often a file was said to have changed. */
function watched(file: string): { count: number } {
  const seen = { count: 0 };
  const watch = watchFile(file, async () => {
    seen.count += 1;
  });
  onTestFinished(() => watch[Symbol.dispose]());
  return seen;
}

it("is told once after the start, and of each change: written, replaced, gone, and there again", async () => {
  writeFileSync(path, "one");
  const seen = watched(path);
  await expect.poll(() => seen.count).toBe(1);
  const changes = [
    () => writeFileSync(path, "two"),
    () => {
      writeFileSync(`${path}.new`, "two");
      renameSync(`${path}.new`, path);
    },
    () => rmSync(path),
    () => writeFileSync(path, "two"),
  ];
  for (const [index, change] of changes.entries()) {
    change();
    await expect.poll(() => seen.count).toBe(index + 2);
  }
});

it("is never told of a pipe", async () => {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
  const [pipe, file] = [watched(path), watched(import.meta.filename)];
  await expect.poll(() => file.count).toBe(1);
  expect(pipe.count).toBe(0);
});
