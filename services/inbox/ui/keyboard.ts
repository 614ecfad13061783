import type { RequestResource } from "@loopgate/contracts/v1/request";
import type { Signal } from "@preact/signals";
import type { App } from "./app.ts";
import { type Command, Keys } from "./keys.ts";
import { preferences } from "./preferences.ts";
import { go, route } from "./route.ts";

/** Runs what the keyboard asks for. */
export function startKeyboard(app: App, isLegendOpen: Signal<boolean>): void {
  const keys = new Keys();
  addEventListener("keydown", (event) => {
    if (app.session.state.peek().kind !== "signed_in") return;
    const { key, ctrlKey, metaKey, altKey, repeat, target } = event;
    const element = target instanceof Element ? target : document.body;
    const command = keys.commandOf(
      {
        key,
        ctrlKey,
        metaKey,
        altKey,
        repeat,
        isTyping: element.matches("textarea, input:not([type=radio], [type=checkbox])"),
        isOnControl: element.closest("a, button, summary, input, dialog") !== null,
        isOnRow: element.matches("[data-row]"),
      },
      preferences.peek().areSingleKeysOn,
    );
    if (command === undefined) return;
    event.preventDefault();
    run(command, app, isLegendOpen);
  });
}

function run(command: Command, app: App, isLegendOpen: Signal<boolean>): void {
  switch (command.kind) {
    case "move":
      return move(command.by);
    case "select":
      return select(app, command.option);
    case "send":
      return send(app);
    case "open":
      return document.querySelector<HTMLElement>("[data-row]")?.focus();
    case "comment":
      return document.querySelector<HTMLElement>("#words")?.focus();
    case "search":
      // What is typed right after the key belongs to the search: its field has the focus at once where it is shown.
      if (route.peek().page === "history") return focusSearch();
      go("/history");
      return void requestAnimationFrame(focusSearch);
    case "inbox":
      return go("/");
    case "history":
      return go("/history");
    case "legend":
      isLegendOpen.value = true;
      return;
    case "leave":
      return leave(app, isLegendOpen);
  }
}

const focusSearch = (): void => document.querySelector<HTMLElement>("#search")?.focus();

/** Moves the focus to the neighbour of the row that has it, or of the open one. */
function move(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const from = rows.findIndex((row) => row === document.activeElement || row.ariaCurrent === "true");
  rows[from === -1 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1)]?.focus();
}

function select(app: App, index: number): void {
  const request = openRequest(app);
  const option = request?.options[index]?.value;
  if (request !== undefined && option !== undefined) app.answers.edit(request.request_id, { option });
}

function send(app: App): void {
  const request = openRequest(app);
  if (request !== undefined) void app.answers.submit(request);
}

function leave(app: App, isLegendOpen: Signal<boolean>): void {
  const request = openRequest(app);
  if (request !== undefined) app.answers.reconsider(request.request_id);
  isLegendOpen.value = false;
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** The request in front of the person, if it can be answered here. */
function openRequest({ inbox }: App): RequestResource | undefined {
  const shown = route.peek();
  const request = shown.page === "request" ? inbox.list.peek().requests.get(shown.id) : undefined;
  return request?.status === "pending" && request.can_answer === true ? request : undefined;
}
