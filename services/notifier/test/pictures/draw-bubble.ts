import type { Bubble, File } from "./bubble.ts";
import { drawBlock } from "./draw-block.ts";
import { drawMarkup } from "./draw-markup.ts";
import { drawReplyHeader } from "./draw-reply-header.ts";
import { blocksOf, clock } from "./runs.ts";
import { colours, MARGIN, PADDING, type Place, WIDTH } from "./style.ts";
import { column, type Drawing, type Drawn, element, textLine } from "./svg.ts";

/** A message, and what stands below it. */
export function drawBubble(bubble: Bubble, y: number): Drawn {
  const isOwn = bubble.isOwn === true;
  const width = isOwn ? 200 : WIDTH - 36;
  const x = isOwn ? WIDTH - MARGIN - width : MARGIN;
  const inside = column(partsOf(bubble, { x: x + PADDING, width: width - 2 * PADDING }), y + 8, 4);
  const height = inside.height + 16;
  const back = element("rect", { x, y, width, height, rx: 14, fill: isOwn ? colours.own : colours.bot });
  const itself = () => ({ height, svg: `${back}\n${inside.svg}` });
  return column([itself, ...drawMarkup(bubble, { x, width })], y, 4);
}

function partsOf({ message, file, at, isEdited = false, repliesTo }: Bubble, place: Place): Drawing[] {
  const parts: Drawing[] = blocksOf(message, at).map((block) => (y) => drawBlock(block, place, y));
  if (repliesTo !== undefined) parts.unshift((y) => drawReplyHeader(repliesTo, place, y));
  if (file !== undefined) parts.push((y) => drawFile(file, place, y));
  parts.push((y) => drawClock(`${isEdited ? "edited " : ""}${clock(at)}`, place, y));
  return parts;
}

function drawFile({ name, bytes }: File, { x }: Place, y: number): Drawn {
  const size = `${(bytes / 1_024).toFixed(1)} KB`;
  return {
    height: 46,
    svg: [
      element("circle", { cx: x + 21, cy: y + 22, r: 21, fill: colours.accent }),
      element("path", { d: `M${x + 14} ${y + 12}h9l6 6v14h-15z`, fill: "#ffffff" }),
      textLine([{ text: name, isBold: true }], { x: x + 54, y: y + 19 }),
      textLine([{ text: size, isBold: false }], {
        x: x + 54,
        y: y + 37,
        "font-size": 13,
        fill: colours.faint,
      }),
    ].join("\n"),
  };
}

function drawClock(text: string, { x, width }: Place, y: number): Drawn {
  const attributes = { x: x + width, y: y + 9, "text-anchor": "end", "font-size": 12, fill: colours.faint };
  return { height: 12, svg: textLine([{ text, isBold: false }], attributes) };
}
