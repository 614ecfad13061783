import type { RequestResource } from "@loopgate/contracts/v1/request";
import { useSignal } from "@preact/signals";
import { h } from "preact";
import { useEffect } from "preact/hooks";
import { type App, telling } from "../app.ts";
import { el, type View } from "../element.ts";
import { EXPORT_LIMIT, type ExportFormat, fileOf } from "../export.ts";
import { language, words } from "../preferences.ts";
import { circumstances, effectOf, nameOf, shortId, verdict } from "../request-words.ts";
import { go } from "../route.ts";
import { firstLine } from "../shown-text.ts";
import { day } from "../time.ts";
import { icon } from "./icons.ts";

const ends = ["approved", "denied", "answered", "expired", "cancelled"] as const;

interface HistoryProps {
  readonly app: App;
  readonly filters: URLSearchParams;
}

/** What was decided, newest first. The filters are in the address, so that a view can be kept and sent. */
export function HistoryPage({ app, filters }: HistoryProps): View {
  const found = useSignal<readonly RequestResource[]>([]);
  const next = useSignal<string | null>(null);
  const isLoading = useSignal(true);
  const query = queryOf(filters);
  const read = async (cursor?: string) => {
    isLoading.value = true;
    const reply = await app.api.list({ ...query, limit: "50", ...(cursor === undefined ? {} : { cursor }) });
    isLoading.value = false;
    if (reply.kind !== "ok") return;
    found.value = cursor === undefined ? reply.body.data : [...found.value, ...reply.body.data];
    next.value = reply.body.next_cursor;
  };
  useEffect(() => void read(), [filters.toString()]);
  const told = words.value;
  const cursor = next.value;
  return el(
    "article",
    { class: "history" },
    el("header", null, el("h1", null, told.history), h(Export, { app, query })),
    h(Filters, { filters }),
    found.value.length > 0 &&
      daysOf(found.value).map(([name, requests]) => h(Day, { app, name, requests, key: name })),
    found.value.length === 0 &&
      (isLoading.value ? el("p", { class: "muted" }, told.loading) : h(Nothing, { filters })),
    cursor !== null &&
      el("button", { disabled: isLoading.value, onClick: () => void read(cursor) }, told.more),
  );
}

/** Of one filter in the address. */
const queryOf = (filters: URLSearchParams): Readonly<Record<string, string>> => {
  const end = filters.get("end");
  const search = filters.get("q");
  const isOutcome = end === "approved" || end === "denied" || end === "answered";
  return {
    status: isOutcome ? "decided" : (end ?? "decided,expired,cancelled"),
    ...(isOutcome ? { outcome: end } : {}),
    ...(search === null ? {} : { q: search }),
    order: "desc",
  };
};

function Nothing({ filters }: { readonly filters: URLSearchParams }): View {
  const { noMatch, noHistory, clear } = words.value;
  if (filters.size === 0) return el("p", { class: "muted" }, noHistory);
  return el("p", { class: "muted" }, noMatch, " ", el("a", { href: "/history" }, clear));
}

function Filters({ filters }: { readonly filters: URLSearchParams }): View {
  const told = words.value;
  const pathWith = (name: string, value: string): string => {
    const changed = new URLSearchParams(filters);
    if (value === "") changed.delete(name);
    else changed.set(name, value);
    return changed.size === 0 ? "/history" : `/history?${changed}`;
  };
  const chosen = filters.get("end") ?? "";
  return el(
    "form",
    { class: "filters", role: "search", onSubmit: (event) => event.preventDefault() },
    el("input", {
      id: "search",
      type: "search",
      "aria-label": told.search,
      placeholder: told.search,
      value: filters.get("q") ?? "",
      onChange: ({ currentTarget: { value } }) => go(pathWith("q", value.trim())),
    }),
    el(
      "div",
      { class: "chips" },
      (["", ...ends] as const).map((end) =>
        el(
          "a",
          { key: end, href: pathWith("end", end), "aria-current": end === chosen ? "true" : undefined },
          end === "" ? told.all : told.verdict[end],
        ),
      ),
    ),
  );
}

function Day({
  app,
  name,
  requests,
}: {
  readonly app: App;
  readonly name: string;
  readonly requests: readonly RequestResource[];
}): View {
  const told = words.value;
  return el(
    "section",
    null,
    el("h2", null, name),
    el(
      "ol",
      { class: "rows" },
      requests.map((request) =>
        el(
          "li",
          { key: request.request_id, class: `row ${effectOf(request)}` },
          el(
            "a",
            { href: `/r/${request.request_id}` },
            el("span", { class: "ended" }, icon(effectOf(request)), verdict(request, told)),
            el("span", { class: "id" }, shortId(request.request_id)),
            el("span", { class: "line", dir: "auto" }, firstLine(request.message) || told.noVisibleText),
            el("span", { class: "who" }, `${nameOf(request.client_id)} · ${nameOf(request.session_id)}`),
            el(
              "span",
              { class: "who when" },
              circumstances(request, { ...telling(app), now: Date.parse(request.decided_at ?? "") }),
            ),
          ),
        ),
      ),
    ),
  );
}

function Export({
  app,
  query,
}: {
  readonly app: App;
  readonly query: Readonly<Record<string, string>>;
}): View {
  const count = useSignal<number | undefined>(undefined);
  const { exportAs, exported } = words.value;
  const save = async (format: ExportFormat) => {
    const requests = await readAll(app, query, (read) => (count.value = read));
    download(fileOf(requests, format), `loopgate-history.${format.toLowerCase()}`);
  };
  return el(
    "div",
    { class: "export" },
    el("span", { class: "muted", role: "status" }, count.value === undefined ? "" : exported(count.value)),
    (["JSONL", "CSV"] as const).map((format) =>
      el("button", { key: format, class: "quiet", onClick: () => void save(format) }, exportAs(format)),
    ),
  );
}

async function readAll(
  app: App,
  query: Readonly<Record<string, string>>,
  onProgress: (count: number) => void,
): Promise<readonly RequestResource[]> {
  const requests: RequestResource[] = [];
  let next: Readonly<Record<string, string>> | undefined = {};
  while (next !== undefined && requests.length < EXPORT_LIMIT) {
    const reply = await app.api.list({ ...query, limit: "100", ...next });
    if (reply.kind !== "ok") break;
    requests.push(...reply.body.data);
    onProgress(requests.length);
    next = reply.body.next_cursor === null ? undefined : { cursor: reply.body.next_cursor };
  }
  return requests.slice(0, EXPORT_LIMIT);
}

function download(content: string, name: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

function daysOf(
  requests: readonly RequestResource[],
): readonly (readonly [name: string, requests: readonly RequestResource[]])[] {
  const byDay = Object.groupBy(requests, (request) =>
    day(request.decided_at ?? request.created_at, language.value),
  );
  return Object.entries(byDay).map(([name, ofDay]) => [name, ofDay ?? []] as const);
}
