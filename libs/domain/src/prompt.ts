import type { Option, Prompt, RequestType } from "@loopgate/contracts";
import { type OfferedOption, withEffects } from "./effects.ts";

/** What a caller asks for, before defaults. */
export interface OfferedPrompt {
  readonly message: string;
  readonly requestType?: RequestType | undefined;
  readonly options?: readonly OfferedOption[] | undefined;
}

/** The prompt, or what is wrong with it in words that a caller can act on. */
export type PromptResult =
  | { readonly kind: "prompt"; readonly prompt: Prompt }
  | { readonly kind: "invalid"; readonly problem: string };

/** The question as it will be shown: type by the rules of design 4.2, labels as people read them, effects resolved. */
export function promptOf({ message, requestType, options = [] }: OfferedPrompt): PromptResult {
  const kind = requestType ?? (options.length > 0 ? "choice" : "input");
  if (kind === "choice" && options.length === 0) {
    return { kind: "invalid", problem: "options: a choice needs at least one option" };
  }
  const shown = options.map((option) => ({ ...option, label: shownLabel(option.label) }));
  if (shown.some((option) => option.label === "")) {
    return { kind: "invalid", problem: "options: a label needs at least one visible character" };
  }
  const resolved = kind === "confirmation" && shown.length === 0 ? confirmation : withEffects(shown);
  const twice = firstRepeated(resolved.map((option) => option.value));
  if (twice !== undefined) {
    return { kind: "invalid", problem: `options: the value ${JSON.stringify(twice)} stands twice` };
  }
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

const firstRepeated = (values: readonly string[]): string | undefined =>
  values.find((value, index) => values.indexOf(value) !== index);
