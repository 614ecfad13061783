import { el, type View } from "../element.ts";

const shapes = {
  approve: "M3.5 8.5l3 3 6-7",
  deny: "M4 4l8 8M12 4l-8 8",
  neutral: "M3.5 8h9",
  clock: "M8 4.5V8l2.5 1.5M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5",
  back: "M9.5 3.5L5 8l4.5 4.5",
} as const;

/** A drawing beside a word, never instead of it. */
export const icon = (name: keyof typeof shapes): View =>
  el("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, el("path", { d: shapes[name] }));
