import type { MessageText } from "../../src/channels/telegram/rendering/question.ts";
import { colours, type Place } from "./style.ts";
import { type Drawn, element, textLine } from "./svg.ts";

/** The message of the bot that somebody replies to, in two lines. */
export function drawReplyHeader({ text }: MessageText, { x, width }: Place, y: number): Drawn {
  const [firstLine = ""] = text.split("\n");
  const small = { x: x + 10, "font-size": 13 };
  return {
    height: 42,
    svg: [
      element("rect", { x, y: y + 2, width, height: 38, rx: 5, fill: colours.quote }),
      element("rect", { x, y: y + 2, width: 3, height: 38, rx: 1.5, fill: colours.accent }),
      textLine([{ text: "Loopgate", isBold: true }], { ...small, y: y + 17, fill: colours.accent }),
      textLine([{ text: firstLine, isBold: false }], { ...small, y: y + 33 }),
    ].join("\n"),
  };
}
