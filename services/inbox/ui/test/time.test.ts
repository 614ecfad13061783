import { expect, it } from "vitest";
import { duration, moment } from "../time.ts";

it.each([
  [-5_000, "0 seconds"],
  [48_999, "48 seconds"],
  [60_000, "1 minute"],
  [299_999, "4 minutes"],
  [3_600_000, "1 hour"],
  [47 * 3_600_000, "47 hours"],
  [75 * 3_600_000, "3 days"],
])("%i ms are never told as more than they are: %s", (ms, text) => {
  expect(duration(ms, "en")).toBe(text);
});

it("is told in the reader's language", () => {
  expect(duration(240_000, "de")).toBe("4 Minuten");
});

it("a moment names its day only if that is not today", () => {
  const now = new Date(2026, 10, 30, 15, 0, 0);
  const at = (day: number) => new Date(2026, 10, day, 14, 2, 11).toISOString();
  expect(moment(at(30), now.getTime(), "en-GB")).toBe("14:02:11");
  expect(moment(at(29), now.getTime(), "en-GB")).toBe("29 Nov, 14:02:11");
});
