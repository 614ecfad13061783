import type { Effect, Option } from "@loopgate/contracts";
import { withoutInvisible } from "./glyphs.ts";

/** An option as a caller gives it: a label, and what it means if the caller says so. */
export interface OfferedOption {
  readonly label: string;
  readonly value?: string | undefined;
  readonly effect?: Effect | undefined;
}

const approving = words("approve approved yes allow accept ok confirm proceed continue");
const denying = words("deny denied no reject rejected decline cancel abort stop block hold");
const approvingBesideDenial = words("deploy execute run go ship merge publish apply send");

/**
 * Gives every option its effect. Declared effects stand alone: with one declared (`neutral` counts), an option
 * without is neutral. With none declared, labels are matched whole against the table of docs/interface.md#tools; all
 * others are neutral, so that nothing but a known word ever reads as approval (I4).
 */
export function withEffects(offered: readonly OfferedOption[]): readonly Option[] {
  const declared = offered.some((option) => option.effect !== undefined);
  const denialOffered = offered.some((option) => denying.has(plain(option.label)));
  return offered.map(({ label, value, effect }) => ({
    value: value ?? label,
    label,
    effect: declared ? (effect ?? "neutral") : effectOfLabel(label, denialOffered),
  }));
}

/** True for a label that is a known word with the opposite meaning: a person who presses "Deny" must not approve (I4). */
export function contradicts({ label, effect }: OfferedOption): boolean {
  // Letters in another style (full-width, bold, with accents) are read as the same word.
  const word = plain(label.normalize("NFKD"));
  if (effect === "approve") return denying.has(word);
  return effect === "deny" && (approving.has(word) || approvingBesideDenial.has(word));
}

function effectOfLabel(label: string, denialOffered: boolean): Effect {
  const word = plain(label);
  if (denying.has(word)) return "deny";
  if (approving.has(word)) return "approve";
  return denialOffered && approvingBesideDenial.has(word) ? "approve" : "neutral";
}

/** A label without letter case, emoji, punctuation, symbols and invisible characters. */
function plain(label: string): string {
  return withoutInvisible(label)
    .toLowerCase()
    .replaceAll(/[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{P}\p{S}\p{M}\p{C}]/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

/** True if one of the options approves or denies: then silence must read as "not approved". */
export const isApproval = (options: readonly Option[]): boolean =>
  options.some((option) => option.effect !== "neutral");

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
