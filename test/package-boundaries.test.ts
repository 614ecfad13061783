import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const packages = globSync(["libs/*/", "services/*/", "test", "examples"], { cwd: root });
const files = packages.flatMap((name) =>
  globSync("**/*.ts", { cwd: join(root, name), exclude: ["**/node_modules"] }).map((file) =>
    join(name, file),
  ),
);

/** The modules that a file imports by a relative path, from the repository's root. */
const importedBy = (file: string): readonly string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g)].map(
    ([, path = ""]) => relative(root, resolve(root, dirname(file), path)),
  );

const packageOf = (file: string) => packages.find((name) => file.startsWith(join(name, sep)));

it("no file imports another package by its path: tests use public entries too", () => {
  const imports = files.flatMap((file) => importedBy(file).map((imported) => ({ file, imported })));
  expect(imports.length).toBeGreaterThan(500);
  expect(imports.filter(({ file, imported }) => packageOf(file) !== packageOf(imported))).toEqual([]);
});
