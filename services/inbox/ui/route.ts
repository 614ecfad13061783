import { signal } from "@preact/signals";

export type Route =
  | { readonly page: "inbox" | "settings" }
  | { readonly page: "request"; readonly id: string }
  | { readonly page: "history"; readonly filters: URLSearchParams };

export const routeOf = ({ pathname, searchParams }: URL): Route => {
  const [, id] = /^\/r\/([^/]+)$/.exec(pathname) ?? [];
  if (id !== undefined) return { page: "request", id };
  if (pathname === "/history") return { page: "history", filters: searchParams };
  return { page: pathname === "/settings" ? "settings" : "inbox" };
};

export const route = signal<Route>({ page: "inbox" });

export function startRouting(): void {
  const read = () => (route.value = routeOf(new URL(location.href)));
  addEventListener("popstate", read);
  addEventListener("click", (event) => {
    const path = pathOfClick(event);
    if (path === undefined) return;
    event.preventDefault();
    go(path);
  });
  read();
}

/** Shows another page. `replace` leaves no trace in the browser's history. */
export function go(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  route.value = routeOf(new URL(location.href));
}

/** Where a plain click on a link of ours leads. */
function pathOfClick(event: MouseEvent): string | undefined {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.target !== "" || link.hasAttribute("download")) return undefined;
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
    return undefined;
  return link.origin === location.origin ? link.pathname + link.search : undefined;
}
