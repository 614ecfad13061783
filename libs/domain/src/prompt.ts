import type { Option, Prompt, RequestType } from "@loopgate/contracts";
import { contradicts, type OfferedOption, withEffects } from "./effects.ts";
import { hasGlyph, visibleKey } from "./glyphs.ts";

/** What a caller asks for, before defaults. */
export interface OfferedPrompt {
  readonly message: string;
  readonly requestType?: RequestType | undefined;
  readonly options?: readonly OfferedOption[] | undefined;
}

/** The prompt, or what is wrong with it in words that a caller can act on. */
export type PromptResult =
  | { readonly kind: "prompt"; readonly prompt: Prompt }
  | { readonly kind: "invalid"; readonly problem: PromptProblem };

interface PromptProblem {
  /** The names and indexes that lead to the argument. */
  readonly path: readonly (string | number)[];
  /** Follows the argument's name. */
  readonly detail: string;
}

/**
 * The question as it will be shown: type by the rules of docs/interface.md#tools, labels as people read them, effects
 * resolved.
 */
export function promptOf({ message, requestType, options = [] }: OfferedPrompt): PromptResult {
  const kind = requestType ?? (options.length > 0 ? "choice" : "input");
  if (kind === "choice" && options.length === 0) {
    return {
      kind: "invalid",
      problem: { path: ["options"], detail: "a choice needs at least one option" },
    };
  }
  const shown = options.map((option) => ({ ...option, label: shownLabel(option.label) }));
  const problem = problemWith(shown);
  if (problem !== undefined) return { kind: "invalid", problem };
  const resolved = kind === "confirmation" && shown.length === 0 ? confirmation : withEffects(shown);
  return { kind: "prompt", prompt: { kind, message, options: [...resolved] } };
}

const confirmation: readonly Option[] = [
  { value: "Approve", label: "Approve", effect: "approve" },
  { value: "Deny", label: "Deny", effect: "deny" },
];

/** One line, without the characters that change how the text around them reads (controls, bidirectional marks). */
const shownLabel = (label: string): string =>
  label
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, "")
    .trim();

/** Why these options could make a person choose what they do not mean. */
function problemWith(shown: readonly OfferedOption[]): PromptProblem | undefined {
  const blank = shown.findIndex(({ label }) => !hasGlyph(label));
  if (blank !== -1) return { path: ["options", blank, "label"], detail: "must have a visible character" };
  const opposite = shown.findIndex(contradicts);
  if (opposite !== -1) {
    const detail = "the label is a word for the opposite of this effect: change one of them";
    return { path: ["options", opposite], detail };
  }
  const alike = firstRepeated(shown.map(({ label }) => visibleKey(label)));
  if (alike !== undefined) {
    const detail = `the label reads like that of options.${alike.first} (letter case and invisible characters do not count): use another one`;
    return { path: ["options", alike.later], detail };
  }
  const same = firstRepeated(shown.map(({ label, value }) => value ?? label));
  if (same === undefined) return undefined;
  return { path: ["options", same.later], detail: `has the value of options.${same.first}: use another one` };
}

/** The places of the first two entries that are equal. */
function firstRepeated(entries: readonly string[]) {
  for (const [later, entry] of entries.entries()) {
    const first = entries.indexOf(entry);
    if (first < later) return { first, later };
  }
  return undefined;
}
