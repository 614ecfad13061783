import type { RequestResource } from "@loopgate/contracts/v1/request";
import { h } from "preact";
import type { Option } from "../api.ts";
import { type App, telling } from "../app.ts";
import { el, type View } from "../element.ts";
import { words } from "../preferences.ts";
import { lateness, nameOf } from "../request-words.ts";
import { icon } from "./icons.ts";

/** More options than this, or longer ones, are listed in the page. */
const BAR_OPTIONS = 4;
const BAR_CHARACTERS = 120;

interface BarProps {
  readonly app: App;
  readonly request: RequestResource;
}

export const fitsBar = ({ options }: RequestResource): boolean =>
  options.length <= BAR_OPTIONS &&
  options.reduce((sum, { label }) => sum + label.length, 0) <= BAR_CHARACTERS;

/** Where a person answers: always in reach, whatever the length of the question. */
export function DecisionBar(props: BarProps): View {
  const { app, request } = props;
  const { request_id: id, options } = request;
  const progress = app.answers.progressOf(id);
  return el(
    "form",
    { class: "decision", onSubmit: (event) => event.preventDefault() },
    el("div", { class: "state", role: "status" }, h(State, props)),
    progress.kind === "asking"
      ? h(Confirmation, props)
      : [
          h(Words, { app, request }),
          el(
            "div",
            { class: "buttons" },
            options.length === 0
              ? el(
                  "button",
                  {
                    class: "primary",
                    disabled: app.answers.isInert(id),
                    onClick: () => void app.answers.submit(request),
                  },
                  app.answers.isBusy(id) ? words.value.sending : words.value.send,
                )
              : fitsBar(request) && h(Options, { app, request }),
          ),
        ],
  );
}

/** One button an option. Its meaning is a word, a sign and a colour. */
export function Options({ app, request }: BarProps): View {
  const { request_id: id, options } = request;
  const selected = app.answers.draftOf(id).option;
  const button = (option: Option, index: number) =>
    el(
      "button",
      {
        key: option.value,
        class: `option ${option.effect}`,
        "aria-pressed": option.value === selected,
        "aria-keyshortcuts": index < 9 ? String(index + 1) : undefined,
        disabled: app.answers.isInert(id),
        onClick: () => void app.answers.choose(request, option.value),
      },
      el("kbd", { "aria-hidden": "true" }, index < 9 ? String(index + 1) : ""),
      option.effect !== "neutral" && icon(option.effect),
      el(
        "span",
        { dir: "auto" },
        app.answers.isBusy(id) && option.value === selected ? words.value.sending : nameOf(option.label),
      ),
    );
  return el("div", { class: "options" }, options.map(button));
}

function Words({ app, request }: BarProps): View {
  const { request_id: id, options } = request;
  const draft = app.answers.draftOf(id);
  const isAnswer = options.length === 0;
  const label = isAnswer ? words.value.yourAnswer : words.value.comment;
  return el("textarea", {
    id: "words",
    "aria-label": label,
    placeholder: label,
    rows: isAnswer ? 3 : 1,
    maxLength: isAnswer ? 16_000 : 2_000,
    readOnly: app.answers.isBusy(id),
    value: (isAnswer ? draft.text : draft.comment) ?? "",
    onInput: ({ currentTarget: { value } }) =>
      app.answers.edit(id, isAnswer ? { text: value } : { comment: value }),
  });
}

/** Asked once before a text is approved that was not shown whole. */
function Confirmation({ app, request }: BarProps): View {
  const { showThem, approveAnyway } = words.value;
  const show = () => app.answers.unfold(request.request_id);
  const isInert = app.answers.isInert(request.request_id);
  return el(
    "div",
    { class: "buttons" },
    el(
      "div",
      { class: "options" },
      el("button", { class: "option neutral", disabled: isInert, onClick: show }, showThem),
      el(
        "button",
        { class: "option approve", disabled: isInert, onClick: () => void app.answers.submit(request) },
        icon("approve"),
        approveAnyway,
      ),
    ),
  );
}

/** What became of the answer so far, in a sentence. */
function State({ app, request }: BarProps): string {
  const progress = app.answers.progressOf(request.request_id);
  const hiddenRows = app.answers.hiddenRows(request);
  const { option } = app.answers.draftOf(request.request_id);
  const told = words.value;
  if (progress.kind === "asking") return told.approveFolded(hiddenRows);
  if (progress.kind === "sending") return told.sending;
  if (progress.kind === "unsaved") return told.unsaved;
  if (progress.kind === "refused") return told.refused(progress.why);
  if (progress.kind === "late") return lateness(request, progress.pressedAt, telling(app));
  const chosen = request.options.find(({ value }) => value === option);
  if (chosen !== undefined) return told.selected(nameOf(chosen.label), sendKeys());
  return hiddenRows > 0 ? told.folded(hiddenRows) : "";
}

const sendKeys = (): string => (/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ Enter" : "Ctrl Enter");
