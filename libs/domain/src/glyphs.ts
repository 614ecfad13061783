/**
 * Characters that draw nothing: default-ignorable code points (fillers, joiners, variation selectors, zero-width spaces),
 * the other blanks (Braille, musical, Khitan and Egyptian), controls, formats and unassigned code points. The pictographs
 * that Unicode reserves for later emoji are excepted.
 */
const INVISIBLE =
  /[[\u{16FE4}\u2800\u{13441}\u{13442}\u{1D159}\p{Default_Ignorable_Code_Point}\p{C}]--\p{Extended_Pictographic}]/gv;

/** Emoji keep the joiners and tags that choose their picture; the variation selector only chooses its style. */
const EMOJI_OR_INVISIBLE = new RegExp(`\\p{RGI_Emoji}|${INVISIBLE.source}`, "gv");

/** True if a reader sees something: a character other than white space that is not invisible. */
export const hasGlyph = (text: string): boolean => withoutInvisible(text).trim() !== "";

/** The text without characters that draw nothing. */
export const withoutInvisible = (text: string): string => text.replaceAll(INVISIBLE, "");

/** Equal for texts that a reader can only tell apart by letter case, or not at all. */
export const visibleKey = (text: string): string =>
  text
    .replaceAll(/\p{White_Space}+/gu, " ")
    .replaceAll(EMOJI_OR_INVISIBLE, (found) => (/^\p{RGI_Emoji}$/v.test(found) ? withoutStyle(found) : ""))
    .replaceAll(/ +/g, " ")
    .trim()
    .normalize("NFC")
    .toUpperCase()
    .normalize("NFC");

const withoutStyle = (emoji: string): string => emoji.replaceAll("\u{FE0F}", "");
