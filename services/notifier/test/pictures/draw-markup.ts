import type { ForceReply, InlineKeyboardButton } from "@grammyjs/types";
import type { Bubble } from "./bubble.ts";
import { drawReplyHeader } from "./draw-reply-header.ts";
import { colours, MARGIN, PADDING, type Place, WIDTH } from "./style.ts";
import { type Drawing, type Drawn, element, textLine } from "./svg.ts";

const BUTTON_HEIGHT = 36;
const GAP = 4;

/** What stands below a message: rows of buttons, or the box that a forced reply opens. */
export function drawMarkup({ message, markup }: Bubble, place: Place): readonly Drawing[] {
  if (markup === undefined) return [];
  if ("inline_keyboard" in markup) return markup.inline_keyboard.map((row) => (y) => drawRow(row, place, y));
  const header: Drawing = (y) =>
    drawReplyHeader(message, { x: MARGIN + PADDING, width: WIDTH - 2 * (MARGIN + PADDING) }, y);
  return [(y) => drawReplyBox(markup, header(y + 4), y)];
}

function drawRow(buttons: readonly InlineKeyboardButton[], { x, width }: Place, y: number): Drawn {
  const each = (width + GAP) / buttons.length - GAP;
  const drawn = buttons.map((button, index) =>
    drawButton(button, { x: x + index * (each + GAP), width: each }, y),
  );
  return { height: BUTTON_HEIGHT, svg: drawn.join("\n") };
}

function drawButton({ text, style }: InlineKeyboardButton, { x, width }: Place, y: number): string {
  const attributes = { x: x + width / 2, y: y + 23, "text-anchor": "middle", fill: "#ffffff" };
  return [
    element("rect", { x, y, width, height: BUTTON_HEIGHT, rx: 9, fill: colours[style ?? "plain"] }),
    textLine([{ text, isBold: true }], attributes),
  ].join("\n");
}

function drawReplyBox({ input_field_placeholder = "" }: ForceReply, header: Drawn, y: number): Drawn {
  const height = header.height + 44;
  const back = { x: MARGIN, y, width: WIDTH - 2 * MARGIN, height, rx: 14, fill: colours.bot };
  const typed = { x: MARGIN + PADDING + 2, y: y + height - 15, fill: colours.faint };
  return {
    height,
    svg: [
      element("rect", back),
      header.svg,
      textLine([{ text: input_field_placeholder, isBold: false }], typed),
    ].join("\n"),
  };
}
