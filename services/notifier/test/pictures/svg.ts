import type { Run } from "./runs.ts";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character);

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return content === "" ? `<${name}${list.join("")}/>` : `<${name}${list.join("")}>${content}</${name}>`;
}

/** One line of text; `y` is its baseline. */
export function textLine(runs: readonly Run[], attributes: Attributes): string {
  const content = runs.map(({ text, isBold }) =>
    isBold ? `<tspan font-weight="600">${escaped(text)}</tspan>` : escaped(text),
  );
  return element("text", attributes, content.join("").trimEnd());
}

export interface Drawn {
  readonly height: number;
  readonly svg: string;
}

/** Draws something whose upper edge is at `y`. */
export type Drawing = (y: number) => Drawn;

/** One thing below another. */
export function column(drawings: readonly Drawing[], y: number, gap: number): Drawn {
  let at = y;
  const parts = drawings.map((draw) => {
    const { height, svg } = draw(at);
    at += height + gap;
    return svg;
  });
  return { height: at - gap - y, svg: parts.join("\n") };
}
