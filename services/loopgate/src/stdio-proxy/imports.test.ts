import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the front imports no package, so that it starts in a moment and needs little memory", () => {
  const folder = import.meta.dirname;
  const sources = readdirSync(folder).filter((name) => !name.endsWith(".test.ts"));
  const imported = sources.flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(/from "([^"]+)"/g)].map(([, from]) => from ?? ""),
  );
  const others = new Set(imported.filter((from) => !from.startsWith("node:") && !from.startsWith("./")));
  expect(others).toEqual(new Set(["../../package.json", "@loopgate/runtime/lines"]));
});
