import { createdOf, type RequestSet } from "@loopgate/domain";
import { z } from "zod";
import type { ListPosition } from "../store/request-store.ts";

const Position = z.tuple([z.iso.datetime(), z.uuid(), z.string().optional()]);

/** The opaque `next_cursor` of the page that ends with this request, for lists with the same filter. */
export function cursorOf(set: RequestSet, filterTag: string | undefined): string {
  const created = createdOf(set)?.event;
  const position = [created?.time, created?.subject, ...(filterTag === undefined ? [] : [filterTag])];
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The position of a cursor; undefined for any other text, and for the cursor of another filter. */
export function positionOf(cursor: string, filterTag: string | undefined): ListPosition | undefined {
  const parsed = Position.safeParse(jsonOf(Buffer.from(cursor, "base64url").toString()));
  if (!parsed.success || parsed.data[2] !== filterTag) return undefined;
  return { createdAt: parsed.data[0], id: parsed.data[1] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
