/** A line longer than this, in characters, is nothing that anybody sends on purpose. */
const MAX_LINE = 4_194_304;

/** Stands for what was dropped of such a line: no message begins with it, whatever its end looks like. */
const DROPPED = "\0";

/**
 * The lines of a byte stream, without their ends, also the last one if its end is missing. Only `\n` and `\r\n` end a
 * line: a JSON text may hold the other characters that Unicode counts as line ends. Of a line of more than 4 Mi characters
 * only an end is left, behind a NUL, which makes it rubbish for whoever reads it.
 * @throws what the stream throws.
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
