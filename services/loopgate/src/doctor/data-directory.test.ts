import { expect, it } from "vitest";
import { freeSpace } from "./data-directory.ts";

it.each([
  [249, ["problem"]],
  [250, ["warning"]],
  [24_999, ["warning"]],
  [25_000, []],
])("%i free blocks of 4,000 bytes: %j", (bavail, levels) => {
  expect(freeSpace("/data", { bavail, bsize: 4_000 }).map(({ level }) => level)).toEqual(levels);
});
