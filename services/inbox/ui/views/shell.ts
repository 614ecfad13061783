import type { Signal } from "@preact/signals";
import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Me } from "../api.ts";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { language, words } from "../preferences.ts";
import { route } from "../route.ts";
import { moment } from "../time.ts";
import { HistoryPage } from "./history-page.ts";
import { InboxList } from "./inbox-page.ts";
import { RequestPage } from "./request-page.ts";
import { SettingsPage } from "./settings-page.ts";
import { SignInPage } from "./sign-in-page.ts";
import { Start } from "./start.ts";

interface ShellProps {
  readonly app: App;
  readonly isLegendOpen: Signal<boolean>;
}

/** The whole page. */
export function Shell({ app, isLegendOpen }: ShellProps): View {
  const state = app.session.state.value;
  const waiting = state.kind === "signed_in" ? app.inbox.waiting : 0;
  useEffect(() => void (document.title = words.value.title(waiting)), [waiting, words.value]);
  if (state.kind !== "signed_in") return h(SignInPage, { app });
  return el(
    "div",
    { class: "shell", "data-page": route.value.page },
    h(Navigation, { waiting }),
    h(StaleBanner, { app }),
    el("main", null, h(Content, { app, me: state.me })),
    isLegendOpen.value && h(Legend, { onClose: () => (isLegendOpen.value = false) }),
  );
}

function Content({ app, me }: { readonly app: App; readonly me: Me }): View {
  const shown = route.value;
  if (shown.page === "history") return h(HistoryPage, { app, filters: shown.filters });
  if (shown.page === "settings") return h(SettingsPage, { app, me });
  const id = shown.page === "request" ? shown.id : undefined;
  return el(
    "div",
    { class: "panes" },
    h(InboxList, { app, openId: id }),
    id === undefined ? h(Welcome, { app }) : h(RequestPage, { app, id }),
  );
}

/** Beside the list while no request is open. */
function Welcome({ app }: { readonly app: App }): View | null {
  if (!app.inbox.isLoaded.value) return null;
  const hasRows = app.inbox.list.value.shown.length > 0;
  return hasRows ? el("p", { class: "choose" }, words.value.chooseOne) : h(Start, { app });
}

function Navigation({ waiting }: { readonly waiting: number }): View {
  const told = words.value;
  const { page } = route.value;
  const link = (href: string, label: string, isHere: boolean, count = 0) =>
    el(
      "a",
      { href, "aria-current": isHere ? "page" : undefined },
      label,
      count > 0 && el("span", { class: "badge" }, count),
    );
  return el(
    "header",
    { class: "top" },
    el("a", { href: "/", class: "brand" }, "Loopgate"),
    el(
      "nav",
      null,
      link("/", told.inbox, page === "inbox" || page === "request", waiting),
      link("/history", told.history, page === "history"),
      link("/settings", told.settings, page === "settings"),
    ),
  );
}

/** After this time without live updates, the page says so; in milliseconds. */
const STALE_MS = 5_000;

function StaleBanner({ app }: { readonly app: App }): View | null {
  const live = app.live.value;
  const now = app.now.value;
  if (live.kind !== "lost" || now - live.since < STALE_MS) return null;
  const at = moment(new Date(live.since).toISOString(), now, language.value);
  return el("p", { class: "banner", role: "status" }, words.value.stale(at));
}

function Legend({ onClose }: { readonly onClose: () => void }): View {
  const { keys, legend, close } = words.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return el(
    "dialog",
    {
      class: "legend",
      "aria-label": keys,
      onClose,
      ref: dialog,
    },
    el("h2", null, keys),
    el(
      "dl",
      null,
      Object.entries(legend).map(([key, meaning]) =>
        el("div", { key }, el("dt", null, el("kbd", null, key)), el("dd", null, meaning)),
      ),
    ),
    el("button", { onClick: onClose }, close),
  );
}
