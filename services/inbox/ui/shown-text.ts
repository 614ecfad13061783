import { withMarks } from "@loopgate/domain/glyphs";

/** From this many rows on, a text is folded. */
const FOLD_ABOVE = 40;
/** A longer line takes several rows. About what a wide window shows, in UTF-16 units. */
const ROW_LENGTH = 100;

/** An agent's text as people read it: to the letter, with a mark such as ⟨U+202E⟩ for what a reader would not see. */
export const shown = (text: string): string =>
  withMarks(text.replaceAll("\r\n", "\n")).replaceAll(/[[\p{Cc}\u2028\u2029]--[\n\t]]/gv, mark);

/** The first line that has something on it, for lists. */
export const firstLine = (text: string): string =>
  shown(text)
    .split("\n")
    .find((line) => line.trim() !== "") ?? "";

export interface Folded {
  readonly text: string;
  /** Rows of the whole text, and those that `text` leaves out. */
  readonly rows: number;
  readonly hidden: number;
}

/** The first rows of a text that is too high to be read at a glance; the whole text if it is not. */
export function fold(text: string, limit = FOLD_ABOVE): Folded {
  const lines = text.split("\n");
  const rows = lines.reduce((sum, line) => sum + rowsOf(line), 0);
  if (rows <= limit) return { text, rows, hidden: 0 };
  const kept: string[] = [];
  let left = limit;
  for (const line of lines) {
    if (left === 0) break;
    kept.push(startOf(line, left * ROW_LENGTH));
    left -= Math.min(left, rowsOf(line));
  }
  return { text: kept.join("\n"), rows, hidden: rows - limit };
}

/** The rows of a request's texts that are folded at first. */
export const foldedRows = (
  message: string,
  ...values: readonly (Readonly<Record<string, unknown>> | undefined)[]
): number =>
  [message, ...values.flatMap((named = {}) => Object.values(named).map(valueText))].reduce(
    (sum, text) => sum + fold(shown(text)).hidden,
    0,
  );

/** True for a unified diff, whose lines may be coloured by their first character. */
export const isDiff = (text: string): boolean =>
  /^@@ .* @@/m.test(text) && /^(?:diff |--- |@@ |Index: )/.test(text);

/** What a line of a unified diff does. */
export function diffLine(line: string): "added" | "removed" | "place" | "same" {
  if (/^(?:\+\+\+|---|@@|diff |index )/.test(line)) return "place";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}

/** A value of the metadata as text: JSON with sorted keys, two spaces a level. */
export const valueText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(sorted(value), null, 2);

/** The addresses in a text, as a browser would open them: names of hosts are in ASCII, so that look-alikes show. */
export function linksIn(text: string): readonly string[] {
  const found = text.match(/\bhttps?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}]/giu) ?? [];
  return [
    ...new Set(found.filter((address) => URL.canParse(address)).map((address) => new URL(address).href)),
  ];
}

const rowsOf = (line: string): number => Math.max(1, Math.ceil(line.length / ROW_LENGTH));

/** Never ends in half a character. */
const startOf = (line: string, length: number): string =>
  line.length <= length ? line : line.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

const mark = (character: string): string =>
  `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
