/** How deep JSON from outside may nest. Code that walks a parsed value may recurse, and a stack has an end. */
const MAX_LEVELS = 256;

const BYTE_ORDER_MARK = /^\u{FEFF}/u;

/** A text that nests too deep is JSON, but its value must not be passed on: it only serves to find the id of a call. */
export type ParsedJson =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "too_deep"; readonly value: unknown }
  | { readonly kind: "not_json" };

/** Parses text from outside. A byte order mark at its beginning is ignored. */
export function parseJson(text: string): ParsedJson {
  const json = text.replace(BYTE_ORDER_MARK, "");
  try {
    const value: unknown = JSON.parse(json);
    return { kind: nestsTooDeep(json) ? "too_deep" : "value", value };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "not_json" };
    throw error;
  }
}

/** Reads the text and not the value, so that it does not recurse and skips texts that are too short to nest deep. */
function nestsTooDeep(json: string): boolean {
  if (json.length <= 2 * MAX_LEVELS) return false;
  let levels = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === "{" || character === "[") levels += 1;
    else if (character === "}" || character === "]") levels -= 1;
    if (levels > MAX_LEVELS) return true;
  }
  return false;
}

/** The position of the quotation mark that ends the string which begins here. The text is valid JSON. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

/** True if an odd number of backslashes precedes this position. */
function isEscaped(json: string, position: number): boolean {
  let first = position;
  while (json[first - 1] === "\\") first -= 1;
  return (position - first) % 2 === 1;
}
