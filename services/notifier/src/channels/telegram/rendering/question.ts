import type { CreatedEvent, DecidedEvent, Option } from "@loopgate/contracts";
import { isApproval } from "@loopgate/domain";
import { FormattedString } from "@grammyjs/parse-mode";
import type { MessageEntity } from "@grammyjs/types";
import { isNumbered } from "./keyboard.ts";
import type { MessageForm } from "./message-form.ts";
import { clean, cut, moment, oneLine, share, unlinked } from "./text.ts";

/** A message's text with its entities: never a parse mode, so that nothing an agent writes can change its shape. */
export interface MessageText {
  readonly text: string;
  readonly entities: MessageEntity[];
}

/** Telegram's limit for a message, counted so that it holds in code points and in UTF-16 units; and shares of it. */
const LIMITS = {
  full: { text: 4_096, options: 1_800, metadata: 800 },
  plain: { text: 2_048, options: 900, metadata: 400 },
} as const;
/** From this length on, a quote is folded. */
const FOLD_FROM = 600;

/** The open question: who asks what, until when, and what silence means. */
export const questionText = (created: CreatedEvent, form: MessageForm = "full"): MessageText =>
  compose(created, { title: openTitle(created), end: openEnd(created) }, form);

/** The closed question: the same text, with the verdict on top and who and when below. */
export const verdictText = (
  created: CreatedEvent,
  decided: DecidedEvent,
  form: MessageForm = "full",
): MessageText =>
  compose(
    created,
    { title: `${verdict(decided)} · ${shortId(created.subject)}`, end: closedEnd(created, decided) },
    form,
  );

/** True if the open question's message can't hold it whole: then a file with the full text follows. */
export function isLong(created: CreatedEvent): boolean {
  const { prompt, metadata } = created.data;
  const options = optionList(prompt.options, Infinity);
  const notes = metadataText(metadata);
  if (options.text.length > LIMITS.full.options || notes.length > LIMITS.full.metadata) return true;
  const parts = [openTitle(created), askerLine(created), prompt.message, options.text, notes];
  const length = openEnd(created).text.length + parts.reduce((sum, part) => sum + shown(part).length + 2, 0);
  return length > LIMITS.full.text;
}

/** The whole question as a file holds it: nothing is cut. */
export function fullText(created: CreatedEvent): string {
  const { prompt, metadata } = created.data;
  const parts = [
    `${openTitle(created)}\n${created.data.client_id} asks · session ${created.data.session_id}`,
    prompt.message,
    prompt.options.map(({ label }, index) => `${index + 1}. ${label}`).join("\n"),
    metadataText(metadata),
  ];
  return `${parts
    .filter((part) => part !== "")
    .map(clean)
    .join("\n\n")}\n`;
}

/** The name of that file. */
export const fileName = ({ subject }: CreatedEvent): string => `question-${shortId(subject).slice(1)}.txt`;

/** What stands on the first line of a closed question, and in the answer to a late press. */
export function verdict({ data }: DecidedEvent): string {
  if (data.kind === "cancelled") return "🚫 Cancelled";
  if (data.kind === "expired") return "⌛ Expired";
  if (data.answer.type === "text" || data.answer.effect === "neutral") return "✅ Answered";
  return data.answer.effect === "approve" ? "✅ Approved" : "❌ Denied";
}

/** What kind of answer a question wants. */
export function kindOf(options: readonly Option[]): string {
  if (isApproval(options)) return "🔐 Approval";
  return options.length > 0 ? "❓ Question" : "✏️ Your words";
}

/** Enough of a request's id to talk about it: the last four characters, which are random. Telegram searches for it at a tap. */
export const shortId = (requestId: string): string => `#${requestId.slice(-4).toUpperCase()}`;

interface Frame {
  readonly title: string;
  readonly end: FormattedString;
}

function compose(created: CreatedEvent, { title, end }: Frame, form: MessageForm): MessageText {
  const { prompt, metadata } = created.data;
  const limits = LIMITS[form];
  const head = FormattedString.join([FormattedString.bold(title), askerLine(created)], "\n");
  const notes = metadataText(metadata);
  const around = [
    optionList(prompt.options, limits.options),
    notes === "" ? new FormattedString("") : quote(cut(shown(notes), limits.metadata)),
    fileNote(created),
    end,
  ].filter((part) => part.text !== "");
  const used = [head, ...around].reduce((sum, part) => sum + part.text.length + 2, 0);
  const message = quote(cut(shown(prompt.message), limits.text - used));
  const { text, entities } = FormattedString.join([head, message, ...around], "\n\n");
  return { text, entities: form === "plain" ? [] : entities };
}

function fileNote(created: CreatedEvent): FormattedString {
  if (!isLong(created)) return new FormattedString("");
  const length = Array.from(fullText(created)).length.toLocaleString("en");
  return new FormattedString(`📎 In full (${length} characters) in the file below.`);
}

/** Text of an agent or a person as a message holds it. */
const shown = (text: string): string => unlinked(clean(text));

const askerLine = ({ data: { client_id, session_id } }: CreatedEvent): string =>
  `${unlinked(oneLine(client_id, 64))} asks · session ${unlinked(oneLine(session_id, 64))}`;

const openTitle = ({ subject, data }: CreatedEvent): string =>
  `${kindOf(data.prompt.options)} · ${shortId(subject)}`;

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
      ? quote(cut(shown(data.answer.text), 200))
      : new FormattedString(unlinked(oneLine(data.answer.label, 200)));
  const who = unlinked(oneLine(data.by.name ?? "somebody", 64));
  return FormattedString.join([answer, FormattedString.join([`${who} · `, time(at, "dt")])], "\n");
}

/** A moment that clients draw in the reader's own time; old ones show the covered text. */
export const time = (at: string, format: "r" | "dt"): FormattedString =>
  FormattedString.time(moment(at), Math.floor(Date.parse(at) / 1_000), format);

/** All labels in full where buttons can't show them, in at most `length` units. */
function optionList(options: readonly Option[], length: number): FormattedString {
  const numbered = isNumbered(options);
  if (!numbered && options.every(({ label }) => label.length <= 30)) return new FormattedString("");
  const labels = options.map(({ label }) => unlinked(oneLine(label, Infinity)));
  const lines = share(labels, length).map((label, index) => `${numbered ? `${index + 1}. ` : "• "}${label}`);
  return new FormattedString(lines.join("\n"));
}

const metadataText = (metadata: CreatedEvent["data"]["metadata"]): string =>
  Object.entries(metadata ?? {})
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");

function quote(text: string): FormattedString {
  if (text.trim() === "") return new FormattedString("(no visible text)");
  return text.length > FOLD_FROM
    ? FormattedString.expandableBlockquote(text)
    : FormattedString.blockquote(text);
}
