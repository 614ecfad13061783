/** Sizes in pixels. */
export const WIDTH = 400;
export const MARGIN = 10;
export const PADDING = 12;
export const SIZE = 15;
export const LINE = 21;

export const colours = {
  chat: "#d5e3ec",
  bot: "#ffffff",
  own: "#e3fbd9",
  text: "#111111",
  faint: "#8796a2",
  accent: "#2b87d1",
  quote: "#e9f3fb",
  plain: "#6f8797",
  success: "#2ea44f",
  danger: "#d9453d",
  primary: "#2b87d1",
} as const;

/** Where something stands from left to right. */
export interface Place {
  readonly x: number;
  readonly width: number;
}
