import type { RequestResource } from "@loopgate/contracts/v1/request";
import { useSignal } from "@preact/signals";
import { type ComponentChildren, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { language, words } from "../preferences.ts";
import { isApproval, kindOf, nameOf, shortId } from "../request-words.ts";
import { duration, moment } from "../time.ts";
import { Action, AgentText, Facts } from "./agent-text.ts";
import { DecisionBar, fitsBar, Options } from "./decision-bar.ts";
import { icon } from "./icons.ts";
import { Timeline } from "./timeline.ts";
import { Verdict } from "./verdict.ts";

/** One request: who asks, what, what silence means, and the bar to answer with or the verdict. */
export function RequestPage({ app, id }: { readonly app: App; readonly id: string }): View {
  const isUnknown = useSignal(false);
  const request = app.inbox.list.value.requests.get(id);
  useEffect(() => {
    isUnknown.value = false;
    void open(app, id).then((found) => (isUnknown.value = !found));
  }, [id]);
  if (request !== undefined) return h(Detail, { app, request, key: `${id} ${request.tag}` });
  const { notFound, loading } = words.value;
  return el(
    "article",
    { class: "request empty" },
    el("h1", null, isUnknown.value ? notFound : loading),
    h(Back, null),
  );
}

/** Reads the request, and says that a person has opened it. */
async function open(app: App, id: string): Promise<boolean> {
  const request = await app.inbox.refresh(id);
  if (request === undefined) return false;
  if (request.status === "pending" && request.can_answer === true) void app.api.seen(id);
  return true;
}

const Back = (): View => el("a", { class: "back", href: "/" }, icon("back"), words.value.back);

function Detail({ app, request }: { readonly app: App; readonly request: RequestResource }): View {
  useEffect(() => void app.answers.show(request), []);
  const isUnfolded = app.answers.hiddenRows(request) === 0;
  const onUnfold = () => app.answers.unfold(request.request_id);
  const isOpen = request.status === "pending";
  const { action } = request;
  return el(
    "article",
    { class: "request" },
    el(
      "div",
      { class: "scroll" },
      h(Back, null),
      h(Heading, { app, request }),
      !isOpen && h(Verdict, { app, request }),
      h(AgentText, { text: request.message, isUnfolded, onUnfold }),
      action !== undefined && h(Action, { action, isUnfolded, onUnfold }),
      h(OptionList, { app, request }),
      h(Facts, { metadata: request.metadata ?? {}, isUnfolded, onUnfold }),
      h(Timeline, { app, request }),
    ),
    isOpen && request.can_answer === true && h(DecisionBar, { app, request }),
    isOpen && request.can_answer !== true && h(NotHere, { app }),
  );
}

function NotHere({ app }: { readonly app: App }): View {
  const { showsOnly, notYours } = words.value;
  return el("p", { class: "decision not-here" }, app.facts.takesAnswers ? notYours : showsOnly);
}

function Heading({ app, request }: { readonly app: App; readonly request: RequestResource }): View {
  const told = words.value;
  const title = useRef<HTMLHeadingElement>(null);
  // Where the list is another page, the link that led here is gone, and the focus with it.
  useEffect(() => {
    requestAnimationFrame(() =>
      document.activeElement === document.body ? title.current?.focus() : undefined,
    );
  }, []);
  const at = (time: string) => el("time", { dateTime: time }, moment(time, app.now.value, language.value));
  const isOpen = request.status === "pending";
  return el(
    "header",
    { class: "heading" },
    el(
      "h1",
      { tabIndex: -1 },
      kindOf(request, told),
      el("span", { class: "id" }, shortId(request.request_id)),
    ),
    el(
      "dl",
      null,
      fact(told.asks, el("strong", null, nameOf(request.client_id))),
      fact(told.session, nameOf(request.session_id)),
      request.key_id !== undefined &&
        fact(told.key, nameOf(request.key_id), el("small", null, told.keyChecked)),
      fact(told.asked, at(request.created_at)),
      isOpen && fact(told.endsAt, at(request.expires_at), h(Remaining, { app, request })),
    ),
    isOpen && h(Window, { app, request }),
    isOpen && el("p", { class: "silence" }, told.silence(isApproval(request))),
  );
}

const fact = (name: string, ...value: readonly ComponentChildren[]): View =>
  el("div", null, el("dt", null, name), el("dd", { dir: "auto" }, ...value));

/** How much of the time is left. The sign says so too when it is nearly over. */
export function Remaining({ app, request }: { readonly app: App; readonly request: RequestResource }): View {
  const leftMs = Date.parse(request.expires_at) - app.now.value;
  const { left, ends } = words.value;
  return el(
    "span",
    { class: leftMs < 60_000 ? "left soon" : "left" },
    icon("clock"),
    leftMs > 0 ? left(duration(leftMs, language.value)) : ends,
  );
}

/** The same as a line that becomes shorter. */
function Window({ app, request }: { readonly app: App; readonly request: RequestResource }): View {
  const end = Date.parse(request.expires_at);
  const whole = end - Date.parse(request.created_at);
  return el("progress", {
    class: "window",
    "aria-hidden": "true",
    max: whole,
    value: Math.max(0, end - app.now.value),
  });
}

/** The options in full, where the bar can't hold them. */
function OptionList({ app, request }: { readonly app: App; readonly request: RequestResource }): View | null {
  const canChoose = request.status === "pending" && request.can_answer === true;
  if (request.options.length === 0 || (canChoose && fitsBar(request))) return null;
  const listed = request.options.map(({ value, label, effect }) =>
    el(
      "li",
      { key: value, class: effect, dir: "auto" },
      effect === "neutral" ? null : icon(effect),
      nameOf(label),
      el("small", null, words.value.effects[effect]),
    ),
  );
  return el(
    "section",
    { class: "option-list" },
    el("h2", null, words.value.options),
    canChoose ? h(Options, { app, request }) : el("ol", null, listed),
  );
}
