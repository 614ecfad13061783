import { type Context, createContext, Script } from "node:vm";
import { matchesWildcard } from "./wildcard.ts";

/** A value that an argument is compared with. */
export type Scalar = string | number | boolean | null;

/** One test of one argument of a call. */
export type Predicate =
  | { readonly kind: "eq"; readonly value: Scalar }
  | { readonly kind: "in"; readonly values: readonly Scalar[] }
  | { readonly kind: "gt"; readonly bound: number }
  | { readonly kind: "lt"; readonly bound: number }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "regex"; readonly pattern: RegExp };

/**
 * Whether an argument satisfies a predicate. `unclear`: it is of another type than the predicate compares, or its text can be
 * read in several ways. A rule that relaxes needs `yes`; a rule that tightens applies also when it is `unclear`.
 */
export type Match = "yes" | "no" | "unclear";

/** How long one regular expression may take, in milliseconds: an agent chooses the text that it is tried on. */
const REGEX_LIMIT_MS = 500;

/** @throws Error if a regular expression takes too long; the caller treats this like every other failure. */
export function matchPredicate(predicate: Predicate, argument: unknown): Match {
  switch (predicate.kind) {
    case "eq":
      return matchScalar([predicate.value], argument);
    case "in":
      return matchScalar(predicate.values, argument);
    case "gt":
      return typeof argument === "number" ? said(argument > predicate.bound) : "unclear";
    case "lt":
      return typeof argument === "number" ? said(argument < predicate.bound) : "unclear";
    case "glob":
      return matchText(argument, (text) => matchGlob(predicate.pattern, text));
    case "regex":
      return matchText(argument, (text) => said(matchesRegex(predicate.pattern, text)));
  }
}

const said = (isTrue: boolean): Match => (isTrue ? "yes" : "no");

/** Values of other types are unclear: `1` and `"1"` are the same to many tools. */
function matchScalar(values: readonly Scalar[], argument: unknown): Match {
  if (typeof argument === "object" && argument !== null) return "unclear";
  if (values.some((value) => typeof value !== typeof argument)) {
    return values.some((value) => value === argument) ? "yes" : "unclear";
  }
  const isListed = (value: unknown): Match => said(values.some((one) => one === value));
  return typeof argument === "string" ? matchText(argument, isListed) : isListed(argument);
}

function matchText(argument: unknown, matches: (text: string) => Match): Match {
  if (typeof argument !== "string") return "unclear";
  const found = new Set(readingsOf(argument).map(matches));
  const [first = "unclear"] = found;
  return found.size === 1 ? first : "unclear";
}

/** The same text in the normal forms of Unicode: file systems and programs take some of them for equal. */
const readingsOf = (text: string): readonly string[] => [
  ...new Set([text, text.normalize("NFC"), text.normalize("NFD"), text.normalize("NFKC")]),
];

/** A path with a `..` in it leads elsewhere than it reads. */
function matchGlob(pattern: string, text: string): Match {
  const climbs = /(?:^|[/\\])\.\.(?:[/\\]|$)/;
  if (climbs.test(text) && !climbs.test(pattern)) return "unclear";
  return said(matchesWildcard(pattern, text));
}

/** Only a script in a context of its own has a time limit that also stops a regular expression. */
function matchesRegex(pattern: RegExp, text: string): boolean {
  isolated ??= { context: createContext({}), script: new Script("pattern.test(text)") };
  Object.assign(isolated.context, { pattern, text });
  return isolated.script.runInContext(isolated.context, { timeout: REGEX_LIMIT_MS }) === true;
}

/** Made once: it takes a millisecond. */
let isolated: { readonly context: Context; readonly script: Script } | undefined;
