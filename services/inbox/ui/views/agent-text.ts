import type { RequestResource } from "@loopgate/contracts/v1/request";
import { useSignal } from "@preact/signals";
import { type ComponentChildren, h } from "preact";
import { el, type View } from "../element.ts";
import { words } from "../preferences.ts";
import { nameOf } from "../request-words.ts";
import { diffLine, fold, isDiff, linksIn, shown, valueText } from "../shown-text.ts";

interface TextProps {
  readonly text: string;
  readonly isUnfolded: boolean;
  readonly onUnfold: () => void;
}

/** An agent's message to the letter. Nothing in it is markup, a link or an image. */
export function AgentText({ text, isUnfolded, onUnfold }: TextProps): View {
  const isMonospace = useSignal(isDiff(text));
  const { byAgent, monospace, noVisibleText } = words.value;
  return el(
    "section",
    { class: "agent-text", "aria-labelledby": "by-agent" },
    el(
      "header",
      null,
      el("h2", { id: "by-agent" }, byAgent),
      el(
        "button",
        {
          class: "quiet",
          "aria-pressed": isMonospace.value,
          onClick: () => (isMonospace.value = !isMonospace.value),
        },
        monospace,
      ),
    ),
    el(
      "blockquote",
      { class: isMonospace.value ? "mono" : "" },
      shown(text).trim() === ""
        ? el("p", { class: "muted" }, noVisibleText)
        : h(Folding, { text, isUnfolded, onUnfold }),
    ),
    h(Links, { text }),
  );
}

function Folding({ text, isUnfolded, onUnfold }: TextProps): View {
  const whole = shown(text);
  const folded = fold(whole);
  const hidden = isUnfolded ? 0 : folded.hidden;
  return el(
    "div",
    { class: hidden > 0 ? "folded" : "" },
    el("pre", { dir: "auto", "data-agent-text": "" }, coloured(hidden > 0 ? folded.text : whole)),
    hidden > 0 && el("button", { class: "unfold", onClick: onUnfold }, words.value.showAll(folded.rows)),
  );
}

function Links({ text }: { readonly text: string }): View | null {
  const links = linksIn(text);
  if (links.length === 0) return null;
  return el(
    "details",
    { class: "links" },
    el("summary", null, `${words.value.links} (${links.length})`),
    el(
      "ul",
      null,
      links.map((link) => el("li", { key: link }, el("code", null, link), h(CopyButton, { text: link }))),
    ),
  );
}

export function CopyButton({ text }: { readonly text: string }): View {
  const isCopied = useSignal(false);
  const copy = () => void navigator.clipboard.writeText(text).then(() => (isCopied.value = true));
  return el(
    "button",
    { class: "quiet", onClick: copy },
    isCopied.value ? words.value.copied : words.value.copy,
  );
}

interface Unfoldable {
  readonly isUnfolded: boolean;
  readonly onUnfold: () => void;
}

interface FactsProps extends Unfoldable {
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The metadata of a request: names and values are the agent's. */
export function Facts({ metadata, ...unfoldable }: FactsProps): View | null {
  if (Object.keys(metadata).length === 0) return null;
  return el("section", { class: "facts" }, el("h2", null, words.value.facts), table(metadata, unfoldable));
}

interface ActionProps extends Unfoldable {
  readonly action: NonNullable<RequestResource["action"]>;
}

/** What runs if the person approves: the tool, where, and its arguments. */
export function Action({ action, ...unfoldable }: ActionProps): View {
  const { tool, server, host, cwd, summary } = action;
  return el(
    "section",
    { class: "facts" },
    el("h2", null, words.value.runs),
    [tool, server, host, cwd, summary].map(
      (part) => part !== undefined && el("p", { dir: "auto" }, nameOf(part)),
    ),
    table(action.arguments, unfoldable),
  );
}

const table = (values: Readonly<Record<string, unknown>>, unfoldable: Unfoldable): View => {
  const rows = Object.entries(values).map(([name, value]) => {
    const text = valueText(value);
    const isCode = typeof value === "object" || isDiff(text);
    return el(
      "tr",
      { key: name },
      el("th", { scope: "row", dir: "auto" }, shown(name)),
      el("td", { class: isCode ? "mono" : "" }, h(Folding, { text, ...unfoldable })),
    );
  });
  return el("table", null, el("tbody", null, rows));
};

/** A diff keeps its signs: the colours repeat what they say. */
function coloured(text: string): ComponentChildren {
  if (!isDiff(text)) return text;
  const lines = text.split("\n");
  return lines.map((line, index) =>
    el("span", { key: index, class: diffLine(line) }, index < lines.length - 1 ? `${line}\n` : line),
  );
}
