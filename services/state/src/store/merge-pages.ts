import type { ListPage, ListPosition } from "./request-store.ts";

/** One page out of several pages of the same order, some of which may hold the same requests. */
export function mergePages<Item extends ListPosition>(
  pages: readonly (readonly Item[])[],
  { order, limit }: Pick<ListPage, "order" | "limit">,
): readonly Item[] {
  const [only, ...others] = pages;
  if (only !== undefined && others.length === 0) return only;
  const unique = new Map(pages.flat().map((item) => [item.id, item]));
  const direction = order === "asc" ? 1 : -1;
  return [...unique.values()].sort((a, b) => direction * compare(a, b)).slice(0, limit);
}

/** As databases compare texts, by code units. */
function compare(a: ListPosition, b: ListPosition): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
