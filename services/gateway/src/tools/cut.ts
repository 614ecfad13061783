const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A text of at most `max` graphemes; one that was cut ends with "…". */
export function cutTo(max: number, text: string): string {
  if (text.length <= max) return text;
  const kept: string[] = [];
  for (const { segment } of graphemes.segment(text)) {
    kept.push(segment);
    if (kept.length > max) return `${kept.slice(0, max - 1).join("")}…`;
  }
  return text;
}
