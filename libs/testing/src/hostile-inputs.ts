/** Values that programs trip over: kinds, sizes, names and characters that callers do not send by accident. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  0.1,
  "",
  " ",
  "\0",
  "null",
  "1",
  "-1e999",
  "[]",
  "{}",
  '{"message":"m"}',
  "__proto__",
  "constructor",
  "toString",
  "loopgate-again",
  "../../etc/passwd",
  "%00%zz",
  "\u{FEFF}\u{202E}\u{3164}\u{200B}",
  "\uD800",
  "👨‍👩‍👧".repeat(50),
  "é\u0301".repeat(500),
  "x".repeat(20_000),
  "<script>alert(1)</script>",
  "{{7*7}} ${7*7} %s %n",
  [],
  [[]],
  [null],
  {},
  { length: 1e9 },
  { toString: null },
  { $ne: null },
  { jsonrpc: "2.0" },
  Array.from({ length: 60 }, (_, index) => `option ${index}`),
];

const CHARACTERS = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\0",
  "\u{FEFF}",
  "\uD800",
  "\r",
  "\n",
  "e",
  "-",
  "9",
  " ",
];

type Container = Record<string, unknown> | unknown[];

/** Mutates valid inputs. The same seed gives the same sequence. */
export class HostileInputs {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to below the limit (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }

  pick<Value>(values: readonly Value[]): Value {
    const [picked] = values.slice(this.below(values.length));
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  /** JSON text of a value with one to three changed members; every fourth text is broken, too. */
  textOf(valid: unknown): string {
    const value: unknown = structuredClone(valid);
    for (let changes = this.below(3); changes >= 0; changes--) this.#changeIn(value);
    const text = this.below(40) === 0 ? this.#nestedIn(value) : JSON.stringify(value);
    return this.below(4) === 0 ? this.broken(text) : text;
  }

  /** The text with some characters removed, repeated, replaced or added. */
  broken(text: string): string {
    let result = text;
    for (let changes = this.below(3); changes >= 0; changes--) {
      const at = this.below(result.length + 1);
      const length = this.below(4) === 0 ? this.below(result.length + 1) : 1;
      const added = this.pick([
        "",
        this.#character(),
        result.slice(at, at + length),
        this.#character().repeat(40),
      ]);
      result = result.slice(0, at) + added + result.slice(this.below(2) === 0 ? at : at + length);
    }
    return result;
  }

  /** What a file may hold in place of a text: the text changed, in another encoding, or much too long; or any bytes. */
  bytesOf(text: string): Buffer {
    switch (this.below(8)) {
      case 0:
        return Buffer.from(Array.from({ length: this.below(400) }, () => this.below(256)));
      case 1:
        return Buffer.from(this.pick(["", " \r\n", "\0", "\u{FEFF}", `\u{FEFF}${text}`, `${text}\0`]));
      case 2:
        return Buffer.from(text, this.pick(["utf16le", "base64url", "latin1"]));
      case 3:
        return Buffer.from(text.repeat(this.pick([2, 100, Math.ceil(1_100_000 / text.length)])));
      default:
        return Buffer.from(this.broken(text));
    }
  }

  #character(): string {
    return CHARACTERS[this.below(CHARACTERS.length)] ?? " ";
  }

  /** JSON text of the value with something in its place, or in that of one of its members, that nests deep. */
  #nestedIn(value: unknown): string {
    const levels = this.pick([90, 256, 400, 6_000, 20_000]);
    const [open, close] = this.pick([["[", "]"] as const, ['{"a":', "}"] as const]);
    const nested = `${open.repeat(levels)}0${close.repeat(levels)}`;
    const containers = containersIn(value);
    const container = containers[this.below(containers.length + 1)];
    const name = this.pick(["extra", ...Object.keys(container ?? {})]);
    if (container === undefined || Array.isArray(container)) return nested;
    const mark = "the nested value";
    container[name] = mark;
    return JSON.stringify(value).replace(JSON.stringify(mark), nested);
  }

  #changeIn(root: unknown): void {
    const containers = containersIn(root);
    const container = containers[this.below(containers.length)];
    if (container === undefined) return;
    const names = Object.keys(container);
    const name = names[this.below(names.length)] ?? "extra";
    // A copy, because later changes may go into it.
    const value = structuredClone(VALUES[this.below(VALUES.length)]);
    switch (this.below(5)) {
      case 0:
        Reflect.deleteProperty(container, name);
        return;
      case 1:
        Reflect.set(container, Array.isArray(container) ? container.length : `extra${this.below(9)}`, value);
        return;
      case 2:
        Reflect.set(container, name, JSON.stringify(Reflect.get(container, name)));
        return;
      case 3:
        Reflect.set(container, name, [Reflect.get(container, name)]);
        return;
      default:
        Reflect.set(container, name, value);
    }
  }
}

function containersIn(value: unknown): readonly Container[] {
  if (!isContainer(value)) return [];
  return [value, ...Object.values(value).flatMap(containersIn)];
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;
