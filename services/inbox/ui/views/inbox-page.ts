import type { RequestResource } from "@loopgate/contracts/v1/request";
import { h } from "preact";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { isForMe, isWaiting, rowsOf } from "../inbox-list.ts";
import { words } from "../preferences.ts";
import { effectOf, kindOf, nameOf, shortId, verdict } from "../request-words.ts";
import { firstLine } from "../shown-text.ts";
import { icon } from "./icons.ts";
import { Remaining } from "./request-page.ts";

interface ListProps {
  readonly app: App;
  /** The request that is open beside the list. */
  readonly openId: string | undefined;
}

/** All that waits for the person, soonest end first. Its rows keep their places while a person is about to press one. */
export function InboxList({ app, openId }: ListProps): View {
  const { inbox } = app;
  const rows = rowsOf(inbox.list.value);
  const told = words.value;
  // Where people only read, all that waits is of one kind.
  const isMine = (request: RequestResource) => isForMe(request) || !app.facts.takesAnswers;
  const others = rows.filter((request) => !isMine(request));
  return el(
    "section",
    { class: "inbox", "aria-labelledby": "waiting" },
    el("h1", { id: "waiting" }, told.waitingForYou, el("span", { class: "count" }, inbox.waiting || "")),
    el(
      "div",
      { role: "status" },
      inbox.fresh > 0 &&
        el("button", { class: "fresh", onClick: () => inbox.settle() }, told.fresh(inbox.fresh)),
    ),
    rows.length === 0 &&
      el(
        "p",
        { class: "nothing" },
        inbox.isLoaded.value ? told.nothingWaits : told.loading,
        inbox.isLoaded.value && el("small", null, told.nothingWaitsHint),
      ),
    h(Rows, { app, openId, requests: rows.filter(isMine) }),
    others.length > 0 && el("h2", null, told.waitingForOthers),
    h(Rows, { app, openId, requests: others }),
  );
}

function Rows({
  app,
  openId,
  requests,
}: ListProps & { readonly requests: readonly RequestResource[] }): View | null {
  const { inbox } = app;
  if (requests.length === 0) return null;
  return el(
    "ol",
    {
      class: "rows",
      onPointerEnter: () => inbox.hold(true),
      onPointerLeave: () => inbox.hold(false),
      onFocusIn: () => inbox.hold(true),
      onFocusOut: ({ currentTarget, relatedTarget }) =>
        inbox.hold(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)),
    },
    requests.map((request) =>
      h(Row, { app, request, isOpen: request.request_id === openId, key: request.request_id }),
    ),
  );
}

function Row({
  app,
  request,
  isOpen,
}: {
  readonly app: App;
  readonly request: RequestResource;
  readonly isOpen: boolean;
}): View {
  const { request_id: id } = request;
  const told = words.value;
  return el(
    "li",
    { class: isWaiting(request) ? "row" : `row ended ${effectOf(request)}` },
    el(
      "a",
      { href: `/r/${id}`, "data-row": id, "aria-current": isOpen ? "true" : undefined },
      el("span", { class: "kind" }, kindOf(request, told)),
      isWaiting(request)
        ? h(Remaining, { app, request })
        : el("span", { class: "ended" }, icon(effectOf(request)), verdict(request, told)),
      el("span", { class: "line", dir: "auto" }, firstLine(request.message) || told.noVisibleText),
      el("span", { class: "who" }, `${nameOf(request.client_id)} · ${nameOf(request.session_id)}`),
      el("span", { class: "id" }, shortId(id)),
    ),
  );
}
