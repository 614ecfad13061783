import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileJournal } from "../src/index.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "loopgate-journal-"))));
afterEach(() => rm(directory, { recursive: true }));

const record = { key: "k", question: "q" };

it("a file journal keeps the last record in one private file, and none after the end", async () => {
  const path = join(directory, "journal");
  const journal = fileJournal(path);
  expect(await journal.read()).toBeUndefined();
  await journal.write(record);
  await journal.write({ ...record, requestId: "r1" });
  expect(await fileJournal(path).read()).toEqual({ ...record, requestId: "r1" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["journal"]);
  await journal.write(undefined);
  await journal.write(undefined);
  expect(await journal.read()).toBeUndefined();
  expect(await readdir(directory)).toEqual([]);
});

it("a file journal survives what a killed write left behind", async () => {
  const journal = fileJournal(join(directory, "journal"));
  await writeFile(join(directory, "journal.next"), '{"key":', { mode: 0o644 });
  await journal.write(record);
  expect(await journal.read()).toEqual(record);
  expect((await stat(join(directory, "journal"))).mode & 0o777).toBe(0o600);
});

it.each(["", "[]", '{"key":"k"}', "rubbish"])(
  "a file that holds %j is no journal, and stays",
  async (text) => {
    const path = join(directory, "journal");
    await writeFile(path, text);
    await expect(fileJournal(path).read()).rejects.toThrow(`${path} is not the journal of an ask`);
    expect(await readFile(path, "utf8")).toBe(text);
  },
);
