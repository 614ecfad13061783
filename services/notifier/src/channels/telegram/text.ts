const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/** At most `length` UTF-16 units, cut between graphemes and marked with "…": half an emoji is an error to Telegram. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  let kept = "";
  for (const { segment } of segmenter.segment(text)) {
    if (kept.length + segment.length > length - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/**
 * Text of an agent or a person as a chat may show it: no control characters, no marks that reorder what stands around
 * them, tabs as spaces. Line breaks stay.
 */
export const clean = (text: string): string =>
  text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll("\t", "    ")
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, "")
    .replaceAll(/(?!\n)\p{Cc}/gu, " ");

/** On one line, at most `length` units. */
export const oneLine = (text: string, length: number): string =>
  cut(clean(text).replaceAll(/\s+/g, " ").trim(), length);

/** Keeps Telegram from linking the @names that an agent wrote: in a group that would ping people. All else stays as it is. */
export const unlinked = (text: string): string => text.replaceAll(/(?<!\w)@(?=[A-Za-z])/g, "$&\u2060");

/** A moment as text, for people: `2026-11-24 14:32 UTC`. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
