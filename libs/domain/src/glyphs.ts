/**
 * Characters that draw nothing: default-ignorable code points (fillers, joiners, variation selectors, zero-width spaces),
 * the other blanks (Braille, musical, Khitan and Egyptian), controls, formats and unassigned code points. The pictographs
 * that Unicode reserves for later emoji are excepted.
 */
const INVISIBLE =
  /[[\u{16FE4}\u2800\u{13441}\u{13442}\u{1D159}\p{Default_Ignorable_Code_Point}\p{C}]--\p{Extended_Pictographic}]/gv;

/** Emoji keep the joiners and tags that choose their picture; the variation selector only chooses its style. */
const EMOJI_OR_INVISIBLE = new RegExp(`\\p{RGI_Emoji}|${INVISIBLE.source}`, "gv");

/** Scripts whose letters take another form beside a joiner or a non-joiner: Persian and Hindi words need them. */
const JOINING = `[${scripts("Arab Syrc Nkoo Mong Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt")}]`;
const EAST_ASIAN = `[${scripts("Hani Hira Kana Hang")}\\uFF01-\\uFF60]`;

/** Where an invisible character has its use: it chooses how its neighbours are drawn, or is the space of their script. */
const IN_USE = [
  "\\p{ExtPict}(?![\\u{E0020}-\\u{E007F}])[\\uFE0E\\uFE0F\\p{EMod}]?(?:\\u200D\\p{ExtPict}[\\uFE0F\\p{EMod}]?)*",
  "[0-9#*]\\uFE0F\\u20E3",
  // Flags of regions are written with tags, which could write anything: only the registered flags.
  "(?=\\u{1F3F4})\\p{RGI_Emoji}",
  `(?<=${JOINING})[\\u200C\\u200D](?=${JOINING})`,
  "(?<=\\p{sc=Hani})[\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}]",
  "(?<=[\\p{sc=Mong}&&\\p{L}])[\\u180B-\\u180F]",
  `(?<=${EAST_ASIAN})\\u3000{1,2}(?!\\u3000)|(?<!\\u3000)\\u3000{1,2}(?=${EAST_ASIAN})`,
].join("|");

/** Signs that Unicode counts among the formats, and that are drawn all the same, around a number. */
const DRAWN_FORMATS = "\\u0600-\\u0605\\u06DD\\u070F\\u0890\\u0891\\u08E2\\u{110BD}\\u{110CD}";

/** Invisible characters and the blanks that no script of today writes between words, in runs. Line breaks are no blanks. */
const HIDDEN = `[[${INVISIBLE.source}\\p{Zs}]--[${DRAWN_FORMATS}\\p{Cc} \\u00A0\\u202F]]`;

const IN_USE_OR_HIDDEN = new RegExp(`${IN_USE}|(?<hidden>${HIDDEN})\\k<hidden>*`, "gv");

/** A longer run of one invisible character is shown once, with its count. */
const RUN = 4;

/** The text with a mark such as ⟨U+3164⟩ for each character that a reader would not see. Controls are the caller's. */
export const withMarks = (text: string): string =>
  text.replaceAll(IN_USE_OR_HIDDEN, (found: string, hidden: string | undefined) => {
    if (hidden === undefined) return found;
    const mark = `⟨U+${hexOf(hidden)}⟩`;
    const count = found.length / hidden.length;
    return count > RUN ? `${mark}×${count}` : mark.repeat(count);
  });

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

const hexOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

/** Part of a character class: every character that one of these scripts uses. */
function scripts(names: string): string {
  return names.replaceAll(/\w+ ?/g, (name) => `\\p{scx=${name.trim()}}`);
}
