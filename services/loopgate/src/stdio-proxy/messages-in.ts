/**
 * The messages in a line of a client. The older revisions let it send several at once, as an array; each is a line of its
 * own for the daemon, and its answer comes as soon as it is there.
 */
export function messagesIn(line: string): readonly string[] {
  if (!line.trimStart().startsWith("[")) return [line];
  try {
    const batch: unknown = JSON.parse(line);
    if (Array.isArray(batch) && batch.length > 0 && batch.every(isMessage))
      return batch.map((message) => JSON.stringify(message));
  } catch {
    // Rubbish is the daemon's to answer, and so is an array of anything else.
  }
  return [line];
}

const isMessage = (value: unknown): value is object =>
  typeof value === "object" && value !== null && "jsonrpc" in value;
