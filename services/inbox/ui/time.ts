const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long, in one unit, never more than it is: `48 seconds`, `4 minutes`, `2 hours`, `3 days`. */
export function duration(ms: number, language: string): string {
  const [unit, size] = unitOf(Math.max(0, ms));
  const value = Math.floor(Math.max(0, ms) / size);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** `14:02:11`, with the day in front if it is another than that of `now`. */
export function moment(at: string, now: number, language: string): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language, {
    ...(isToday ? {} : { day: "numeric", month: "short" }),
    timeStyle: undefined,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(date);
}

/** The day of a moment, as a heading. */
export const day = (at: string, language: string): string =>
  new Intl.DateTimeFormat(language, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  }).format(new Date(at));

function unitOf(ms: number): readonly [unit: "second" | "minute" | "hour" | "day", sizeMs: number] {
  if (ms < MINUTE_MS) return ["second", 1_000];
  if (ms < HOUR_MS) return ["minute", MINUTE_MS];
  return ms < 2 * DAY_MS ? ["hour", HOUR_MS] : ["day", DAY_MS];
}
