import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, it } from "vitest";

const src = import.meta.dirname;

/** What a file imports when it runs: imports of types are erased. */
const importsOf = (file: string): readonly string[] =>
  [...readFileSync(file, "utf8").matchAll(/^(import|export) (?!type )[^;]*?from "([^"]+)"/gm)].map(
    ([, , from = ""]) => from,
  );

/** The packages that a module loads when it runs, from the same repository and from outside. */
function packagesOf(module: string): ReadonlySet<string> {
  const loaded = new Set([join(src, module)]);
  const packages = new Set<string>();
  for (const file of loaded) {
    for (const from of importsOf(file).filter((name) => !name.startsWith("node:"))) {
      if (!from.startsWith(".")) packages.add(from);
      if (!from.startsWith(".") && !from.startsWith("@loopgate/")) continue;
      loaded.add(from.startsWith(".") ? resolve(dirname(file), from) : createRequire(file).resolve(from));
    }
  }
  return packages;
}

it("the stdio proxy loads no package from outside, so that it starts fast and needs little memory", () => {
  expect(packagesOf("stdio-proxy/stdio-proxy.ts")).toEqual(
    new Set([
      "@loopgate/async",
      "@loopgate/contracts/fingerprint",
      "@loopgate/runtime/json",
      "@loopgate/runtime/lines",
      "@loopgate/runtime/version",
    ]),
  );
});

it("a hook loads two small files of packages before it knows that it has something to ask", () => {
  expect(packagesOf("hook/hook.ts")).toEqual(new Set(["@loopgate/hosts/codecs", "@loopgate/runtime/json"]));
});

it("a hook that asks loads no package from outside either", () => {
  expect(packagesOf("hook/ask-person.ts")).toEqual(
    new Set([
      "@loopgate/async",
      "@loopgate/contracts/fingerprint",
      "@loopgate/hosts/rules",
      "@loopgate/runtime/json",
      "@loopgate/runtime/lines",
      "@loopgate/runtime/version",
    ]),
  );
});

it("folders import each other one way, and of the stdio proxy the handshake and the connection alone", () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join(src, name));
  const folderOf = (file: string) => dirname(relative(src, file));
  const edges = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)]
      .map(([, from = ""]) => resolve(dirname(file), from))
      .filter((target) => target.startsWith(src + sep) && folderOf(target) !== folderOf(file))
      .map((target) => ({ from: folderOf(file), to: folderOf(target), target: relative(src, target) })),
  );
  const between = edges.filter(({ to }) => to !== ".").map(({ from, to }) => `${from} -> ${to}`);
  expect([...new Set(between)].toSorted()).toEqual([
    "cli -> connect",
    "cli -> daemon",
    "cli -> doctor",
    "cli -> hook",
    "cli -> stdio-proxy",
    "daemon -> stdio-proxy",
    "doctor -> daemon",
    "doctor -> stdio-proxy",
    "hook -> stdio-proxy",
  ]);
  const ofProxy = edges.filter(({ to }) => to === "stdio-proxy").map(({ target }) => target);
  expect([...new Set(ofProxy)].toSorted()).toEqual([
    "stdio-proxy/daemon-connection.ts",
    "stdio-proxy/daemon-socket.ts",
    "stdio-proxy/handshake.ts",
  ]);
});
