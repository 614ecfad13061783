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
 * them, no halves of characters (Telegram refuses the whole message), tabs as spaces. Line breaks stay.
 */
export const clean = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll("\t", "    ")
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, "")
    .replaceAll(/(?!\n)\p{Cc}/gu, " ");

/** On one line, at most `length` units. */
export const oneLine = (text: string, length: number): string =>
  cut(clean(text).replaceAll(/\s+/g, " ").trim(), length);

/** Cuts each text only as far as all of them need it to take `length` units together: short ones stay whole. */
export function share(texts: readonly string[], length: number): string[] {
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
  return texts.map((text) => (text.length > each ? cut(text, Math.max(each, 1)) : text));
}

/** Keeps Telegram from linking the @names that an agent wrote: in a group that would ping people. All else stays as it is. */
export const unlinked = (text: string): string => text.replaceAll(/(?<!\w)@(?=[A-Za-z])/g, "$&\u2060");

/** A moment as text, for people: `2026-11-24 14:32 UTC`. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
