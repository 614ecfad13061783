import { isObject, type JsonObject } from "../values.ts";
import type { Predicate, Scalar } from "./predicates.ts";

/** What happens to a call: it runs, a person is asked, it does not run, or the host goes on in its own way. */
export type Action = "allow" | "ask" | "deny" | "none";

export interface Rule {
  /** A pattern of the tool's name. */
  readonly tool: string;
  /** Tests of arguments, by the argument's name. All must hold. */
  readonly args: readonly (readonly [name: string, predicate: Predicate])[];
  readonly do: Action;
  /** Why, for the agent. */
  readonly message?: string | undefined;
  /** The session whose people are asked. */
  readonly session?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export interface Rules {
  /** What happens to calls that no rule names, in a gate. */
  readonly default: Action;
  readonly rules: readonly Rule[];
  /** The file's text: a hash of it tells which version of the rules decided. */
  readonly text: string;
}

export type RulesResult =
  | { readonly kind: "rules"; readonly rules: Rules }
  /** Each problem names its place and the next step. */
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** Reads the text of a rules file. Whatever it does not know is a problem: a misspelt rule must not be skipped. */
export function parseRules(text: string): RulesResult {
  const problems: string[] = [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "invalid", problems: ["the file is not JSON: correct it"] };
  }
  const file = new Reader(json, "the file", problems);
  const otherwise = file.action("default") ?? "ask";
  const rules = file.list("rules").map(ruleIn);
  file.end();
  if (problems.length > 0) return { kind: "invalid", problems };
  return { kind: "rules", rules: { default: otherwise, rules, text } };
}

function ruleIn(rule: Reader): Rule {
  const read = {
    tool: rule.required("tool", rule.text("tool")) ?? "",
    args: rule
      .members("args")
      .flatMap(([name, given]) => predicatesIn(given).map((one) => [name, one] as const)),
    do: rule.required("do", rule.action("do")) ?? "deny",
    message: rule.text("message"),
    session: rule.text("session"),
    timeoutSeconds: rule.seconds("timeout_seconds"),
  } as const;
  rule.end();
  return read;
}

function predicatesIn(given: Reader): readonly Predicate[] {
  const [eq, among] = [given.scalar("eq"), given.scalars("in")];
  const [gt, lt] = [given.number("gt"), given.number("lt")];
  const [glob, regex] = [given.text("glob"), given.regex("regex")];
  given.end();
  const found: Predicate[] = [];
  if (eq !== undefined) found.push({ kind: "eq", value: eq });
  if (among !== undefined) found.push({ kind: "in", values: among });
  if (gt !== undefined) found.push({ kind: "gt", bound: gt });
  if (lt !== undefined) found.push({ kind: "lt", bound: lt });
  if (glob !== undefined) found.push({ kind: "glob", pattern: glob });
  if (regex !== undefined) found.push({ kind: "regex", pattern: regex });
  given.required("one of eq, in, gt, lt, glob and regex", found[0]);
  return found;
}

const actions: readonly Action[] = ["allow", "ask", "deny", "none"];

const isScalar = (value: unknown): value is Scalar =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

/** Reads the members of one object and collects what is wrong with them. */
class Reader {
  readonly #object: JsonObject;
  readonly #place: string;
  readonly #problems: string[];
  readonly #read = new Set<string>();

  constructor(value: unknown, place: string, problems: string[]) {
    this.#place = place;
    this.#problems = problems;
    if (!isObject(value)) this.#report("must be an object");
    this.#object = isObject(value) ? value : {};
  }

  text(name: string): string | undefined {
    return this.#member(
      name,
      "a text that is not empty",
      (value): value is string => typeof value === "string" && value !== "",
    );
  }

  number(name: string): number | undefined {
    return this.#member(name, "a number", (value) => typeof value === "number");
  }

  seconds(name: string): number | undefined {
    const isPositive = (value: unknown): value is number => typeof value === "number" && value > 0;
    return this.#member(name, "a number of seconds above 0", isPositive);
  }

  action(name: string): Action | undefined {
    return this.#member(name, `one of ${actions.join(", ")}`, (value): value is Action =>
      actions.some((action) => action === value),
    );
  }

  scalar(name: string): Scalar | undefined {
    return this.#member(name, "a text, a number, true, false or null", isScalar);
  }

  scalars(name: string): readonly Scalar[] | undefined {
    const isList = (value: unknown): value is readonly Scalar[] =>
      Array.isArray(value) && value.every(isScalar);
    return this.#member(name, "a list of texts, numbers, true, false and null", isList);
  }

  regex(name: string): RegExp | undefined {
    const pattern = this.text(name);
    try {
      return pattern === undefined ? undefined : new RegExp(pattern, "u");
    } catch {
      this.#report(`${name} is not a regular expression of JavaScript with the flag u`);
      return undefined;
    }
  }

  /** The entries of a list of objects. */
  list(name: string): readonly Reader[] {
    const entries =
      this.#member(name, "a list", (value): value is readonly unknown[] => Array.isArray(value)) ?? [];
    return entries.map((entry, index) => new Reader(entry, `${name}[${index}]`, this.#problems));
  }

  /** The members of an object of objects. */
  members(name: string): readonly (readonly [string, Reader])[] {
    const object = this.#member(name, "an object", isObject) ?? {};
    return Object.entries(object).map(([member, value]) => [
      member,
      new Reader(value, `${this.#place}.${name}.${member}`, this.#problems),
    ]);
  }

  required<Value>(name: string, value: Value | undefined): Value | undefined {
    if (value === undefined && !this.#read.has(name)) this.#report(`needs ${name}`);
    return value;
  }

  /** Reports the members that no call has read. */
  end(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#read.has(name)) this.#report(`has the unknown member ${JSON.stringify(name)}: remove it`);
    }
  }

  #member<Value>(name: string, what: string, is: (value: unknown) => value is Value): Value | undefined {
    if (!Object.hasOwn(this.#object, name)) return undefined;
    this.#read.add(name);
    const value = this.#object[name];
    if (is(value)) return value;
    this.#report(`${name} must be ${what}`);
    return undefined;
  }

  #report(problem: string): void {
    this.#problems.push(`${this.#place} ${problem}`);
  }
}
