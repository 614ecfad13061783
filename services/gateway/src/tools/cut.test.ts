import { expect, it } from "vitest";
import { cutTo } from "./cut.ts";

const family = "👨‍👩‍👧";

it("leaves a text of the greatest length alone, whatever its letters are made of", () => {
  expect(cutTo(5, "12345")).toBe("12345");
  expect(cutTo(5, family.repeat(5))).toBe(family.repeat(5));
});

it("cuts between letters and says so", () => {
  expect(cutTo(5, "123456")).toBe("1234…");
  expect(cutTo(3, family.repeat(4))).toBe(`${family}${family}…`);
});
