import { expect, it } from "vitest";
import { freeSpace } from "./free-space.ts";

it.each([
  [24_999, ["warning"]],
  [25_000, []],
])("%i blocks of 4,000 bytes left: %j", (bavail, levels) => {
  expect(freeSpace("/data", { bavail, bsize: 4_000 }).map(({ level }) => level)).toEqual(levels);
});
