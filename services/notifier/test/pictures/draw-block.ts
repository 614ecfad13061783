import { linesOf } from "./lines.ts";
import type { Block, Run } from "./runs.ts";
import { colours, LINE, type Place, SIZE } from "./style.ts";
import { type Drawn, element, textLine } from "./svg.ts";

/** So many lines of a folded quote are shown. */
const FOLDED = 3;

/** Plain lines, or a quote with its bar. */
export function drawBlock({ kind, runs }: Block, { x, width }: Place, y: number): Drawn {
  if (kind === "text") return drawLines(linesOf(runs, width, SIZE), x, y);
  const all = linesOf(runs, width - 24, SIZE);
  const isFolded = kind === "expandable_blockquote" && all.length > FOLDED;
  const lines = drawLines(isFolded ? all.slice(0, FOLDED) : all, x + 12, y + 4);
  const height = lines.height + 10;
  const parts = [
    element("rect", { x, y, width, height, rx: 5, fill: colours.quote }),
    element("rect", { x, y, width: 3, height, rx: 1.5, fill: colours.accent }),
    lines.svg,
  ];
  if (isFolded) parts.push(drawArrow(x + width - 20, y + height - 12));
  return { height, svg: parts.join("\n") };
}

function drawLines(lines: readonly (readonly Run[])[], x: number, y: number): Drawn {
  let at = y;
  const drawn: string[] = [];
  for (const line of lines) {
    const isEmpty = line.every(({ text }) => text === "");
    at += isEmpty ? LINE / 2 : LINE;
    if (!isEmpty) drawn.push(textLine(line, { x, y: at - 6 }));
  }
  return { height: at - y, svg: drawn.join("\n") };
}

const drawArrow = (x: number, y: number): string =>
  element("path", { d: `M${x} ${y}l5 5l5 -5`, fill: "none", stroke: colours.accent, "stroke-width": 2 });
