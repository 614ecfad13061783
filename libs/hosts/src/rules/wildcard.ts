/**
 * True if a pattern matches a whole text: `*` is any run of characters, also of slashes, and `?` is any one character. It
 * takes at most pattern × text steps, because the text may come from an agent that wants a slow match.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let inPattern = 0;
  let inText = 0;
  /** Where the last `*` is, and where in the text the pattern after it was last tried. */
  let star = -1;
  let tried = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern++;
      tried = inText;
    } else if (wanted === "?" || (wanted !== undefined && wanted === text[inText])) {
      inPattern++;
      inText++;
    } else if (star !== -1) {
      inPattern = star + 1;
      inText = ++tried;
    } else return false;
  }
  while (pattern[inPattern] === "*") inPattern++;
  return inPattern === pattern.length;
}
