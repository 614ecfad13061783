import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fastify } from "fastify";
import { rolldown } from "rolldown";
import { afterAll, describe, expect, it } from "vitest";
import { addPages, type PagesOptions } from "../src/pages/pages.ts";

const docs = join(import.meta.dirname, "..", "..", "..", "docs", "pictures");
const ui = join(import.meta.dirname, "..", "ui");
const options: PagesOptions = { agentsAskHere: "freely", takesAnswers: true, address: { isHttps: false } };
const app = fastify();
addPages(app, options);
afterAll(() => app.close());

const page = await app.inject("/");
const scripts = [...page.body.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(
  ([, path = ""]) => path,
);
const [, style = ""] = /<link rel="stylesheet" href="([^"]+)">/.exec(page.body) ?? [];
const [, importMap = ""] = /<script type="importmap">(.*?)<\/script>/.exec(page.body) ?? [];
const german = style.replace("style.css", "messages/de.ts");
const get = (path: string, headers = {}) => app.inject({ url: path, headers });
const zippedSize = async (path: string) => gzipSync((await get(path)).rawPayload, { level: 9 }).length;

describe("a page", () => {
  it("has the headers that keep others out", () => {
    const hash = createHash("sha256").update(importMap).digest("base64");
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src 'self' 'sha256-${hash}'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": "camera=(), microphone=(), geolocation=()",
    });
    expect(page.headers).not.toHaveProperty("strict-transport-security");
  });

  it("is reached by https alone where it is served so", async () => {
    await using secure = fastify();
    addPages(secure, { ...options, address: { isHttps: true } });
    expect((await secure.inject("/")).headers["strict-transport-security"]).toBe("max-age=31536000");
  });

  it.each(["/r/0193-a7f3", "/r/<img src=x>", "/history?q=<b>", "/settings", "/sign-in"])(
    "is the same at %s: nothing of the address is in it",
    async (path) => {
      expect((await get(encodeURI(path))).body).toBe(page.body);
    },
  );

  it("tells how agents ask here, whether people answer here, and how its owner signs in", async () => {
    await using other = fastify();
    addPages(other, {
      ...options,
      agentsAskHere: "no",
      takesAnswers: false,
      signInCommand: "./loopgate open",
    });
    expect(page.body).toContain(
      'data-agents-ask-here="freely" data-takes-answers="true" data-sign-in-command=""',
    );
    expect((await other.inject("/")).body).toContain(
      'data-agents-ask-here="no" data-takes-answers="false" data-sign-in-command="./loopgate open"',
    );
  });
});

describe("the files of the pages", () => {
  it("are JavaScript without types and comments", async () => {
    const { body, headers } = await get(scripts.find((path) => path.endsWith("/ui/answers.ts")) ?? "");
    expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(body).toContain("class Answers");
    expect(body).not.toMatch(/interface |readonly |\/\*\*/);
  });

  it("may be kept by browsers, but by no other site", async () => {
    for (const path of [...scripts, style])
      expect((await get(path)).headers).toMatchObject({
        "cache-control": "public, max-age=31536000, immutable",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
      });
  });

  it("are compressed for browsers that say so", async () => {
    const plain = await get(style);
    const zipped = await get(style, { "accept-encoding": "gzip" });
    expect(plain.headers).not.toHaveProperty("content-encoding");
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(zipped.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
  });

  it.each([
    "ui/tsconfig.json",
    "ui/test/request.ts",
    "ui/../package.json",
    "ui/..%2f..%2fpackage.json",
    "ui/",
  ])("do not include %s", async (path) => {
    expect((await get(style.replace("ui/style.css", path))).statusCode).toBe(404);
  });

  it("are only at the path of their content", async () => {
    expect((await get(style.replace(/\/assets\/[^/]+/, "/assets/0123456789abcdef"))).statusCode).toBe(404);
  });

  it("name every library and every script that is imported", async () => {
    const { imports } = JSON.parse(importMap) as { imports: Record<string, string> };
    for (const path of [...scripts, german]) {
      const { body } = await get(path);
      for (const [, name = ""] of body.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
        const target = name.startsWith(".") ? new URL(name, `http://host${path}`).pathname : imports[name];
        expect([...scripts, german], `${name} in ${path}`).toContain(target);
      }
    }
  });
});

describe("stay small, in compressed bytes", () => {
  it("what every browser loads, bundled and minified as the budget was measured: 25 kB", async () => {
    await using bundle = await rolldown({ input: join(ui, "main.ts"), platform: "browser" });
    const { output } = await bundle.generate({ minify: true });
    const [main] = output;
    expect(output.map(({ name }) => name)).toEqual(["main", "de"]);
    expect(gzipSync(main.code, { level: 9 }).length).toBeLessThanOrEqual(25_000);
  });

  it("the same as it is served, without a bundler: 43 kB", async () => {
    const sizes = await Promise.all(scripts.map(zippedSize));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(43_000);
  });

  it("each picture of the pages: 60 kB", () => {
    const pictures = globSync("*.png", { cwd: docs }).map((name) => statSync(join(docs, name)).size);
    expect(pictures.length).toBeGreaterThan(0);
    expect(Math.max(...pictures)).toBeLessThanOrEqual(60_000);
  });

  it("the style: 6 kB", async () => {
    expect(await zippedSize(style)).toBeLessThanOrEqual(6_000);
  });
});

it("no source of the pages writes markup or runs text", () => {
  const sources = globSync("**/*.ts", { cwd: ui, exclude: ["test"] });
  expect(sources.length).toBeGreaterThan(25);
  const forbidden =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser|javascript:/i;
  expect(sources.filter((file) => forbidden.test(readFileSync(join(ui, file), "utf8")))).toEqual([]);
});
