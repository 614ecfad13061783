import type { MessageEntity } from "@grammyjs/types";
import type { MessageText } from "../../src/channels/telegram/rendering/question.ts";

/** A stretch of text in one style. */
export interface Run {
  readonly text: string;
  readonly isBold: boolean;
}

/** What a chat shows as one piece: plain lines, a quote, or a quote that is folded until somebody taps it. */
export interface Block {
  readonly kind: "text" | "blockquote" | "expandable_blockquote";
  readonly runs: readonly Run[];
}

/** A message as a chat shows it at `now`. A kind of entity that this can't show is an error. */
export function blocksOf({ text, entities }: MessageText, now: Date): readonly Block[] {
  const blocks: Block[] = [];
  const add = (kind: Block["kind"], from: number, to: number) => {
    if (from < to) blocks.push({ kind, runs: runsOf({ text, entities }, [from, to], now) });
  };
  let at = 0;
  for (const { type, offset, length } of entities) {
    if (type !== "blockquote" && type !== "expandable_blockquote") continue;
    // A quote stands on lines of its own.
    add("text", at, offset - 1);
    add(type, offset, offset + length);
    at = offset + length + 1;
  }
  add("text", at, text.length);
  return blocks;
}

function runsOf({ text, entities }: MessageText, [from, to]: readonly [number, number], now: Date): Run[] {
  const runs: Run[] = [];
  const plain = (start: number, end: number) => {
    if (start < end) runs.push({ text: text.slice(start, end), isBold: false });
  };
  let at = from;
  for (const entity of entities) {
    const { type, offset, length } = entity;
    if (type === "blockquote" || type === "expandable_blockquote" || offset < from || offset >= to) continue;
    plain(at, offset);
    runs.push({ text: shown(entity, text.slice(offset, offset + length), now), isBold: type === "bold" });
    at = offset + length;
  }
  plain(at, to);
  return runs;
}

function shown(entity: MessageEntity, covered: string, now: Date): string {
  if (entity.type === "bold") return covered;
  if (entity.type !== "date_time") throw new Error(`the pictures can't show ${entity.type}`);
  const at = new Date(entity.unix_time * 1_000);
  if (entity.date_time_format === "r") {
    const minutes = Math.round((at.getTime() - now.getTime()) / 60_000);
    return new Intl.RelativeTimeFormat("en").format(minutes, "minute");
  }
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  return `${clock(at)}, ${day}`;
}

/** `14:04` */
export const clock = (at: Date): string => at.toISOString().slice(11, 16);
