import type { Bubble } from "./bubble.ts";
import { drawBubble } from "./draw-bubble.ts";
import { colours, MARGIN, SIZE, WIDTH } from "./style.ts";
import { column, element } from "./svg.ts";

/** A chat as an SVG picture. */
export function drawChat(bubbles: readonly Bubble[]): string {
  const drawing = bubbles.map((bubble) => (y: number) => drawBubble(bubble, y));
  const body = column(drawing, MARGIN, 8);
  const height = body.height + 2 * MARGIN;
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    width: WIDTH,
    height,
    viewBox: `0 0 ${WIDTH} ${height}`,
    "font-family": "Helvetica, Arial, 'Liberation Sans', sans-serif",
    "font-size": SIZE,
    fill: colours.text,
  };
  const ground = element("rect", { width: WIDTH, height, rx: 12, fill: colours.chat });
  return `${element("svg", attributes, `\n${ground}\n${body.svg}\n`)}\n`;
}
