import { creationTag, type CreatedEvent } from "@loopgate/contracts";

/** What a button stands for. `tag` is the identity of the question it was drawn for. */
export interface Button {
  readonly requestId: string;
  readonly tag: string;
  readonly option: number;
}

const VERSION = "a";

/**
 * A button's data: 30 of Telegram's 64 bytes. It carries no authority: a changed client can send anything, so the press
 * is judged by its sender and by the request in the log.
 * @throws RangeError for an option above 255: cut to its byte, it would stand for another one.
 */
export function callbackData(created: CreatedEvent, option: number): string {
  if (option > 255) throw new RangeError("a button's option is one byte");
  const id = Buffer.from(created.subject.replaceAll("-", ""), "hex");
  return (
    VERSION + Buffer.from([...id, option]).toString("base64url") + creationTag(created.subject, created.time)
  );
}

/** Reads a button's data; undefined for anything that no button of ours carries. */
export function parseCallbackData(data: string): Button | undefined {
  const match = /^a([A-Za-z0-9_-]{23})([A-Za-z0-9_-]{6})$/.exec(data);
  const bytes = Buffer.from(match?.[1] ?? "", "base64url");
  const option = bytes[16];
  const tag = match?.[2];
  if (option === undefined || tag === undefined) return undefined;
  const hex = bytes.toString("hex", 0, 16);
  const requestId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { requestId, tag, option };
}
