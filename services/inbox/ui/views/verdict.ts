import type { RequestResource } from "@loopgate/contracts/v1/request";
import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type App, telling } from "../app.ts";
import { el, type View } from "../element.ts";
import { nextWaiting } from "../inbox-list.ts";
import { words } from "../preferences.ts";
import { circumstances, effectOf, endOf, lateness, verdict } from "../request-words.ts";
import { shown } from "../shown-text.ts";
import { moment } from "../time.ts";
import { icon } from "./icons.ts";

/** How a request ended, what became of this person's own answer, and what the agent got. */
export function Verdict({ app, request }: { readonly app: App; readonly request: RequestResource }): View {
  const told = words.value;
  const end = endOf(request);
  const why = end === "expired" ? told.noAnswerBy : told.withdrawn;
  return el(
    "section",
    { class: `verdict ${effectOf(request)}`, role: "status" },
    el("h2", null, icon(effectOf(request)), verdict(request, told)),
    (end === "expired" || end === "cancelled") && el("p", null, why),
    el("p", { class: "muted" }, circumstances(request, telling(app))),
    request.comment !== undefined && el("blockquote", { dir: "auto" }, shown(request.comment)),
    request.reason !== undefined && el("blockquote", { dir: "auto" }, shown(request.reason)),
    own(app, request),
    el("p", { class: "got" }, `${told.agentGot} `, el("code", null, got(request))),
    h(Next, { app, request }),
  );
}

/** Where to go on. The focus is there after a person's own answer, whose buttons are gone. */
function Next({
  app,
  request: { request_id: id },
}: {
  readonly app: App;
  readonly request: RequestResource;
}): View | null {
  const link = useRef<HTMLAnchorElement>(null);
  const { kind } = app.answers.progressOf(id);
  const next = nextWaiting(app.inbox.list.value, id);
  useEffect(() => {
    if (kind === "recorded" || kind === "late") link.current?.focus();
  }, [kind]);
  return next === undefined
    ? null
    : el("a", { ref: link, class: "next", href: `/r/${next}` }, words.value.next);
}

function own(app: App, request: RequestResource): View | null {
  const progress = app.answers.progressOf(request.request_id);
  const told = telling(app);
  if (progress.kind === "late")
    return el("p", { class: "own late" }, lateness(request, progress.pressedAt, told));
  if (progress.kind !== "recorded" || request.decided_at === undefined) return null;
  return el("p", { class: "own" }, words.value.recorded(moment(request.decided_at, told.now, told.language)));
}

const got = ({ approved, response }: RequestResource): string =>
  [
    `approved: ${approved}`,
    ...(response === undefined ? [] : [`response: ${JSON.stringify(shown(response))}`]),
  ].join(", ");
