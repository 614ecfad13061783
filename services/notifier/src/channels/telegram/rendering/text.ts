import { withMarks } from "@loopgate/domain";

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/** At most `length` UTF-16 units, cut between graphemes and marked with "…": Telegram rejects half an emoji. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${headOf(text, length - 1)}…`;
}

/**
 * At most `length` UTF-16 units: both ends, with the number of characters that are left out between them. A length that
 * cannot hold the number cuts the end.
 */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - NOTE_LENGTH) / 2);
  if (end < 1) return cut(text, length);
  const first = headOf(text, end);
  const last = tailOf(text, end);
  const left = Array.from(text.slice(first.length, text.length - last.length)).length;
  return `${first} ⋯ ${left.toLocaleString("en")} characters left out ⋯ ${last}`;
}

/** Room for the note in the middle: its words and a number of up to eleven characters. */
const NOTE_LENGTH = 40;

function headOf(text: string, length: number): string {
  let kept = "";
  for (const { segment } of segmenter.segment(text.slice(0, 2 * length))) {
    if (kept.length + segment.length > length) break;
    kept += segment;
  }
  return kept;
}

function tailOf(text: string, length: number): string {
  const segments = Array.from(segmenter.segment(text.slice(-2 * length)), ({ segment }) => segment);
  let kept = "";
  for (const segment of segments.toReversed()) {
    if (kept.length + segment.length > length) break;
    kept = segment + kept;
  }
  return kept.toWellFormed();
}

/**
 * Makes text of an agent or a person safe to show: no control characters, no marks that reorder the text around them, no
 * halves of characters (Telegram rejects the whole message), tabs as spaces, and a mark for what has no glyph. Line breaks
 * stay.
 */
export const clean = (text: string): string =>
  withMarks(
    text
      .toWellFormed()
      .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
      .replaceAll("\t", "    ")
      .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, "")
      .replaceAll(/(?!\n)\p{Cc}/gu, " "),
  );

/** How much of a line a phone shows, in UTF-16 units. */
const LINE_LENGTH = 40;

/** From three empty lines, or two lines of spaces, in a row: they could move the text behind them out of sight. */
const EMPTY_LINES = /(?:^[^\S\n]*\n){3,}/gm;
const SPACES = new RegExp(`[^\\S\\n]{${2 * LINE_LENGTH},}`, "g");

/** Notes in place of long runs of empty lines and of spaces. */
export const withoutGaps = (text: string): string =>
  text
    .replaceAll(EMPTY_LINES, (lines) => `⟨${lines.split("\n").length - 1} empty lines⟩\n`)
    .replaceAll(SPACES, (spaces) => ` ⟨${spaces.length} spaces⟩ `);

/** How many lines a phone shows a text on, roughly. */
export const heightOf = (text: string): number =>
  text.split("\n").reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / LINE_LENGTH)), 0);

/** On one line, at most `length` UTF-16 units. */
export const oneLine = (text: string, length: number): string =>
  cut(clean(text).replaceAll(/\s+/g, " ").trim(), length);

/** Cuts the longest texts until all together take `length` UTF-16 units: short ones stay whole. */
export function share(texts: readonly string[], length: number, cutTo = cut): string[] {
  const shortestFirst = texts.toSorted((a, b) => a.length - b.length);
  let left = length;
  let each = Infinity;
  for (const [taken, { length: needed }] of shortestFirst.entries()) {
    const fair = Math.floor(left / (texts.length - taken));
    if (needed > fair) {
      each = fair;
      break;
    }
    left -= needed;
  }
  return texts.map((text) => (text.length > each ? cutTo(text, Math.max(each, 1)) : text));
}

/** Keeps Telegram from linking the @names that an agent wrote: in a group that would notify people. */
export const unlinked = (text: string): string => text.replaceAll(/(?<!\w)@(?=[A-Za-z])/g, "$&\u2060");

/** A time as text, for people: `2026-11-24 14:32 UTC`. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
