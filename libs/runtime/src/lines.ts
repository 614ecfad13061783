/** The longest line that is kept, in characters (4 Mi). */
const MAX_LINE = 4_194_304;

/** Replaces the dropped beginning of a longer line. No message begins with it, so the rest is never parsed as one. */
const DROPPED = "\0";

/**
 * The lines of a byte stream without their terminators, including an unterminated last line. Only `\n` and `\r\n` end a
 * line: JSON text may contain the other characters that Unicode counts as line ends. A line of more than 4 Mi characters
 * loses its beginning, which a NUL replaces, so that its reader rejects it.
 * @throws whatever the stream throws.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.replace(/\r$/, "");
    if (rest.length > MAX_LINE) rest = DROPPED;
  }
  if (rest !== "") yield rest;
}
