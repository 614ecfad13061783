import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const ui = join(import.meta.dirname, "..", "..", "ui");

/** What the pages import by name, and where it is served. The second file of a library is one that the first imports. */
const libraries = [
  { name: "preact", served: ["preact.mjs"] },
  { name: "preact/hooks", served: ["hooks.mjs"] },
  { name: "@preact/signals", served: ["signals.mjs"] },
  { name: "@preact/signals-core", served: ["signals-core.mjs"] },
  { name: "eventsource-parser", served: ["index.js", "parse.js", "errors.js"] },
  { name: "@loopgate/domain/glyphs", served: ["glyphs.ts"] },
] as const;

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const SCRIPT = "text/javascript; charset=utf-8";

/** A file as a browser gets it. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

/**
 * The files of the pages. There is no build: types and comments are removed from a source when a browser first asks for
 * it. All files are below a path that changes with their content, so that a browser may keep them.
 */
export class PageFiles {
  /** `/assets/<hash>` */
  readonly path: string;
  readonly #sources: ReadonlyMap<string, string>;
  readonly #files = new Map<string, Promise<PageFile>>();

  private constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
    this.path = `/assets/${createHash("sha256")
      .update(JSON.stringify([...sources]))
      .digest("hex")
      .slice(0, 16)}`;
  }

  static async read(): Promise<PageFiles> {
    const files = [...ownFiles(), ...libraryFiles()];
    const read = ([path, file]: readonly [string, string]) =>
      readFile(file, "utf8").then((content) => [path, content] as const);
    return new PageFiles(new Map(await Promise.all(files.map(read))));
  }

  /** Paths of all scripts that every page needs, so that a browser can load them side by side. */
  get scripts(): readonly string[] {
    return [...this.#sources.keys()].filter((path) => isScript(path) && !path.includes("/messages/de."));
  }

  /** JSON: the names of libraries, and where they are served. */
  get importMap(): string {
    const imports = libraries.map(({ name, served: [file] }) => [name, `${this.path}/${name}/${file}`]);
    return JSON.stringify({ imports: Object.fromEntries(imports) });
  }

  /** The file at a path below {@link path}; undefined for a path that is none. */
  async find(path: string): Promise<PageFile | undefined> {
    const source = this.#sources.get(path);
    if (source === undefined) return undefined;
    const file = this.#files.get(path) ?? fileOf(path, source);
    this.#files.set(path, file);
    return file;
  }
}

const isScript = (path: string): boolean => /\.m?[jt]s$/.test(path);

async function fileOf(path: string, source: string): Promise<PageFile> {
  const body = Buffer.from(path.endsWith(".mjs") || !isScript(path) ? source : withoutTypes(source));
  const contentType = contentTypes[extname(path)] ?? SCRIPT;
  return { contentType, body, gzipped: await promisify(gzip)(body, { level: 9 }) };
}

/** Unlike `strip`, `transform` leaves out comments, too. */
const withoutTypes = (source: string): string => stripTypeScriptTypes(source, { mode: "transform" });

const ownFiles = (): readonly (readonly [path: string, file: string])[] =>
  globSync("**/*.{ts,css,svg}", { cwd: ui, exclude: ["test"] })
    .toSorted()
    .map((name) => [`ui/${name}`, join(ui, name)]);

const libraryFiles = (): readonly (readonly [path: string, file: string])[] =>
  libraries.flatMap(({ name, served }) => {
    const first = fileURLToPath(import.meta.resolve(name));
    return served.map((file) => [`${name}/${file}`, join(first, "..", file)] as const);
  });
