import { createdOf, type RequestSet } from "@loopgate/domain";
import { z } from "zod";
import type { ListPosition } from "../store/request-store.ts";

const Position = z.tuple([z.iso.datetime(), z.uuid()]);

/** The opaque `next_cursor` of the page that ends with this request. */
export function cursorOf(set: RequestSet): string {
  const created = createdOf(set)?.event;
  return Buffer.from(JSON.stringify([created?.time, created?.subject])).toString("base64url");
}

/** The position of a cursor; undefined for any other text. */
export function positionOf(cursor: string): ListPosition | undefined {
  const parsed = Position.safeParse(jsonOf(Buffer.from(cursor, "base64url").toString()));
  return parsed.success ? { createdAt: parsed.data[0], id: parsed.data[1] } : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
