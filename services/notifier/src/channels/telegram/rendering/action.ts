import type { CreatedEvent } from "@loopgate/contracts";
import { FormattedString } from "@grammyjs/parse-mode";
import { clean, cutMiddle, oneLine, share, unlinked, withoutGaps } from "./text.ts";

type Action = NonNullable<CreatedEvent["data"]["action"]>;

/** How much of a name, a directory and a summary is shown, in UTF-16 units. */
const NAME_LENGTH = 64;
const PLACE_LENGTH = 200;

/**
 * What will run if the person approves, in a frame that its own texts cannot imitate: each argument begins a line, and its
 * further lines are indented. Of long values both ends are shown, because the end of a command counts as much as its start.
 * At most `length` UTF-16 units.
 */
export function actionFrame(action: Action, length: number): FormattedString {
  const head = headOf(action, PLACE_LENGTH);
  const given = argumentsOf(action, length - head.text.length - 1);
  return given === "" ? head : FormattedString.join([head, FormattedString.pre(given)], "\n");
}

/** The same with nothing cut. */
export const actionText = (action: Action): string =>
  [headOf(action, Infinity).text, argumentsOf(action, Infinity)].join("\n");

function headOf({ tool, server, host, cwd, summary }: Action, length: number): FormattedString {
  const name = (text: string) => unlinked(oneLine(text, Math.min(length, NAME_LENGTH)));
  const origin = [
    server === undefined ? "" : ` of ${name(server)}`,
    host === undefined ? "" : ` in ${name(host)}`,
  ];
  const lines = [FormattedString.join(["▶️ Runs ", FormattedString.bold(name(tool)), origin.join("")])];
  if (cwd !== undefined) lines.push(new FormattedString(`📁 ${unlinked(oneLine(cwd, length))}`));
  if (summary !== undefined)
    lines.push(new FormattedString(`Said to be for: ${unlinked(oneLine(summary, length))}`));
  return FormattedString.join(lines, "\n");
}

function argumentsOf({ arguments: given }: Action, length: number): string {
  const values = Object.entries(given).map(([name, value]) => ({
    name: oneLine(name, NAME_LENGTH),
    text: unlinked(withoutGaps(clean(typeof value === "string" ? value : JSON.stringify(value)))),
  }));
  const names = values.reduce((sum, { name }) => sum + name.length + INDENT.length + 3, 0);
  const texts = share(
    values.map(({ text }) => indented(text)),
    Math.max(0, length - names),
    cutMiddle,
  );
  const lines = values.map(({ name }, index) => `${unlinked(name)}: ${texts[index]}`);
  return cutMiddle(lines.join("\n"), length);
}

const INDENT = "    ";

const indented = (text: string): string => text.replaceAll("\n", `\n${INDENT}`);
