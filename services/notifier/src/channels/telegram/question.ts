import type { CreatedEvent, DecidedEvent, Option } from "@loopgate/contracts";
import { isApproval } from "@loopgate/domain";
import { FormattedString } from "@grammyjs/parse-mode";
import type { MessageEntity } from "@grammyjs/types";
import { isNumbered } from "./keyboard.ts";
import { clean, cut, moment, oneLine, share, unlinked } from "./text.ts";

/** A message's text with its entities: never a parse mode, so that nothing an agent writes can change its shape. */
export interface MessageText {
  readonly text: string;
  readonly entities: MessageEntity[];
}

/** Telegram's limit for a message, counted so that it holds in code points and in UTF-16 units. */
const TEXT_LIMIT = 4_096;
const OPTIONS_BUDGET = 1_800;
const METADATA_BUDGET = 800;
/** From this length on, a quote is folded. */
const FOLD_FROM = 600;

/** The open question: who asks what, until when, and what silence means. */
export const questionText = (created: CreatedEvent): MessageText =>
  compose(created, FormattedString.bold(openTitle(created)), openEnd(created));

/** The closed question: the same text, with the verdict on top and who and when below. */
export const verdictText = (created: CreatedEvent, decided: DecidedEvent): MessageText =>
  compose(
    created,
    FormattedString.bold(`${verdict(decided)} · ${shortId(created)}`),
    closedEnd(created, decided),
  );

/** What stands on the first line of a closed question, and in the answer to a late press. */
export function verdict({ data }: DecidedEvent): string {
  if (data.kind === "cancelled") return "🚫 Cancelled";
  if (data.kind === "expired") return "⌛ Expired";
  if (data.answer.type === "text" || data.answer.effect === "neutral") return "✅ Answered";
  return data.answer.effect === "approve" ? "✅ Approved" : "❌ Denied";
}

/** Enough of a request's id to talk about it: the last four characters, which are random. */
const shortId = ({ subject }: CreatedEvent): string => `#${subject.slice(-4).toUpperCase()}`;

function compose(created: CreatedEvent, title: FormattedString, end: FormattedString): MessageText {
  const { client_id, session_id, prompt, metadata } = created.data;
  const asker = `${unlinked(oneLine(client_id, 64))} asks · session ${unlinked(oneLine(session_id, 64))}`;
  const around = [optionList(prompt.options), metadataList(metadata), end].filter((part) => part.text !== "");
  const used = [title, ...around].reduce((sum, part) => sum + part.text.length + 2, asker.length + 2);
  const message = quote(cutWithNote(unlinked(clean(prompt.message)), TEXT_LIMIT - used));
  const { text, entities } = FormattedString.join(
    [FormattedString.join([title, asker], "\n"), message, ...around],
    "\n\n",
  );
  return { text, entities };
}

function openTitle(created: CreatedEvent): string {
  const { options } = created.data.prompt;
  const kind = isApproval(options) ? "🔐 Approval" : options.length > 0 ? "❓ Question" : "✏️ Your words";
  return `${kind} · ${shortId(created)}`;
}

function openEnd(created: CreatedEvent): FormattedString {
  const { prompt, expires_at } = created.data;
  const silence = isApproval(prompt.options)
    ? "no answer = not approved"
    : "no answer = the agent is told so";
  const lines = [FormattedString.join(["⏳ Expires ", time(expires_at, "r"), ` · ${silence}`])];
  if (prompt.options.length === 0)
    lines.unshift(new FormattedString("↩️ Reply to this message with your text."));
  return FormattedString.join(lines, "\n");
}

function closedEnd({ data: asked }: CreatedEvent, { data, time: at }: DecidedEvent): FormattedString {
  const asker = unlinked(oneLine(asked.client_id, 64));
  if (data.kind === "expired") {
    const told = isApproval(asked.prompt.options) ? "not approved" : "nobody answered";
    return FormattedString.join([
      "No answer by ",
      time(asked.expires_at, "dt"),
      `. ${asker} was told: ${told}.`,
    ]);
  }
  if (data.kind === "cancelled") {
    const reason = data.reason === undefined ? "" : `: ${unlinked(oneLine(data.reason, 200))}`;
    return FormattedString.join([`Withdrawn by ${asker} · `, time(at, "dt"), reason]);
  }
  const answer =
    data.answer.type === "text"
      ? quote(cut(unlinked(clean(data.answer.text)), 200))
      : new FormattedString(unlinked(oneLine(data.answer.label, 200)));
  const who = unlinked(oneLine(data.by.name ?? "somebody", 64));
  return FormattedString.join([answer, FormattedString.join([`${who} · `, time(at, "dt")])], "\n");
}

/** A moment that clients draw in the reader's own time; old ones show the covered text. */
const time = (at: string, format: "r" | "dt"): FormattedString =>
  FormattedString.time(moment(at), Math.floor(Date.parse(at) / 1_000), format);

/** All labels in full where buttons can't show them. */
function optionList(options: readonly Option[]): FormattedString {
  const numbered = isNumbered(options);
  if (!numbered && options.every(({ label }) => label.length <= 30)) return new FormattedString("");
  const labels = options.map(({ label }) => unlinked(oneLine(label, OPTIONS_BUDGET)));
  const lines = share(labels, OPTIONS_BUDGET).map(
    (label, index) => `${numbered ? `${index + 1}. ` : "• "}${label}`,
  );
  return new FormattedString(lines.join("\n"));
}

function metadataList(metadata: CreatedEvent["data"]["metadata"]): FormattedString {
  const lines = Object.entries(metadata ?? {}).map(
    ([key, value]) => `${clean(key)}: ${clean(typeof value === "string" ? value : JSON.stringify(value))}`,
  );
  return lines.length === 0
    ? new FormattedString("")
    : quote(cut(unlinked(lines.join("\n")), METADATA_BUDGET));
}

function quote(text: string): FormattedString {
  if (text.trim() === "") return new FormattedString("(no visible text)");
  return text.length > FOLD_FROM
    ? FormattedString.expandableBlockquote(text)
    : FormattedString.blockquote(text);
}

function cutWithNote(text: string, length: number): string {
  if (text.length <= length) return text;
  const note = `\n(cut: ${Array.from(text).length} characters in all)`;
  return cut(text, length - note.length) + note;
}
