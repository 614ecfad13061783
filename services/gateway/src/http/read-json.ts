/** A body as JSON; undefined if it is none. */
export function readJson(body: unknown): { readonly value: unknown } | undefined {
  if (typeof body !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return { value };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
