import { creationTag, type CreatedEvent } from "@loopgate/contracts";

/** The option that a button chooses. `tag` is the creation tag of the question that it was drawn for. */
export interface Button {
  readonly requestId: string;
  readonly tag: string;
  readonly option: number;
  /** The update that brought the comment to decide with; only on the buttons of a comment offer. */
  readonly commentUpdate?: number;
}

const PLAIN = "a";
const COMMENTED = "c";

/**
 * A button's data: 30 of Telegram's 64 bytes, 37 with a comment. It carries no authority: a modified client can send
 * any data, so only the sender and the request in the log decide whether a press counts.
 * @throws RangeError for an option above 255: cut to one byte, it would mean another option.
 */
export function callbackData(created: CreatedEvent, option: number, commentUpdate?: number): string {
  if (option > 255) throw new RangeError("a button's option is one byte");
  const id = Buffer.from(created.subject.replaceAll("-", ""), "hex");
  const choice =
    Buffer.from([...id, option]).toString("base64url") + creationTag(created.subject, created.time);
  return commentUpdate === undefined ? PLAIN + choice : COMMENTED + choice + commentUpdate.toString(36);
}

/** Reads a button's data; undefined for data that no button of ours carries. */
export function parseCallbackData(data: string): Button | undefined {
  const [, version, choice = "", tag = "", update = ""] =
    /^([ac])([A-Za-z0-9_-]{23})([A-Za-z0-9_-]{6})([0-9a-z]{0,10})$/.exec(data) ?? [];
  const bytes = Buffer.from(choice, "base64url");
  const option = bytes[16];
  if (option === undefined || (version === COMMENTED) !== (update !== "")) return undefined;
  const hex = bytes.toString("hex", 0, 16);
  const requestId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const button = { requestId, tag, option };
  return update === "" ? button : { ...button, commentUpdate: Number.parseInt(update, 36) };
}
