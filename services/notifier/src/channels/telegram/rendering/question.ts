import type { CreatedEvent, DecidedEvent, Option } from "@loopgate/contracts";
import { isApproval } from "@loopgate/domain";
import { FormattedString } from "@grammyjs/parse-mode";
import type { MessageEntity } from "@grammyjs/types";
import { actionFrame, actionText } from "./action.ts";
import { isNumbered, SEEN_LENGTH } from "./keyboard.ts";
import type { MessageForm } from "./message-form.ts";
import { clean, cut, heightOf, moment, oneLine, share, unlinked, withoutGaps } from "./text.ts";

/** A message's text with its entities. Never a parse mode: an agent's text cannot change the formatting. */
export interface MessageText {
  readonly text: string;
  readonly entities: MessageEntity[];
}

/** Telegram's limit for a message, and the shares of its parts, in UTF-16 units: never fewer than code points. */
const LIMITS = {
  full: { text: 4_096, options: 1_800, metadata: 800, action: 1_600 },
  plain: { text: 2_048, options: 900, metadata: 400, action: 800 },
} as const;
/** How much of a comment a closed question shows, in UTF-16 units. */
const COMMENT_LENGTH = 400;
/** A quote higher than this is folded, in lines of a phone: 15 full lines are 600 characters. */
const FOLD_FROM = 15;

/** The open question: who asks what, until when, and what happens without an answer. */
export const questionText = (created: CreatedEvent, form: MessageForm = "full"): MessageText =>
  compose(created, { title: openTitle(created), end: openEnd(created) }, form);

/** The closed question: the same text, with the decision on top and who and when below. */
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

/** True if a message cannot hold the whole question: then a file with the full text follows. */
export function isLong(created: CreatedEvent): boolean {
  const { prompt, metadata, action } = created.data;
  const run = action === undefined ? "" : actionText(action);
  const options = optionList(prompt.options, Infinity);
  const notes = shown(metadataText(metadata));
  if (options.text.length > LIMITS.full.options || notes.length > LIMITS.full.metadata) return true;
  if (run.length > LIMITS.full.action) return true;
  const parts = [openTitle(created), askerLine(created), shown(prompt.message), run, options.text, notes];
  const length = openEnd(created).text.length + parts.reduce((sum, part) => sum + part.length + 2, 0);
  return length > LIMITS.full.text;
}

/** The text of that file: nothing is cut. */
export function fullText(created: CreatedEvent): string {
  const { prompt, metadata, action } = created.data;
  const parts = [
    `${openTitle(created)}\n${askerLine(created, Infinity)}`,
    prompt.message,
    action === undefined ? "" : actionText(action),
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

/** The decision in a word, as the first line of a closed question shows it. */
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

/** The last four characters of a request's id, which are random. In Telegram, a tap on it searches for it. */
export const shortId = (requestId: string): string => `#${requestId.slice(-4).toUpperCase()}`;

interface Frame {
  readonly title: string;
  readonly end: FormattedString;
}

function compose(created: CreatedEvent, { title, end }: Frame, form: MessageForm): MessageText {
  const { prompt, metadata, action } = created.data;
  const limits = LIMITS[form];
  const head = FormattedString.join([FormattedString.bold(title), askerLine(created)], "\n");
  const notes = shown(metadataText(metadata));
  const around = [
    action === undefined ? new FormattedString("") : actionFrame(action, limits.action),
    optionList(prompt.options, limits.options),
    notes === "" ? new FormattedString("") : quote(cut(notes, limits.metadata)),
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

/** Text of an agent or a person, as a message shows it. */
export function shown(text: string): string {
  const cleaned = clean(text);
  return cleaned.trim() === "" ? "" : unlinked(withoutGaps(cleaned));
}

const askerLine = ({ data }: CreatedEvent, length = 64): string =>
  `${askerOf(data, length)} asks · session ${nameOf(data.session_id, length)}`;

/** Who asks. The client names itself as it likes; a key's id was proved. At most `length` UTF-16 units for each name. */
export function askerOf(
  { client_id, key_id }: { readonly client_id: string; readonly key_id?: string | undefined },
  length = 64,
): string {
  const key = key_id === undefined ? "" : ` · key ${nameOf(key_id, length)}`;
  return `${nameOf(client_id, length)}${key}`;
}

/** A name that a program chose. A dot between spaces would read as the end of the name: it could claim a key. */
const nameOf = (name: string, length: number): string =>
  unlinked(oneLine(name, length).replaceAll(/(^| )[·•‧∙⋅・･⸱ꞏ](?= |$)/g, "$1-"));

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

/** How a question ended: what was chosen or typed, with which comment, by whom and when. */
export function closedEnd({ data: asked }: CreatedEvent, { data, time: at }: DecidedEvent): FormattedString {
  const asker = nameOf(asked.client_id, 64);
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
      : new FormattedString(unlinked(chosenLabel(asked.prompt.options, data.answer, 200)));
  const isCut = data.answer.type === "text" && data.answer.truncated === true;
  const note = isCut ? ["✂️ The text may go on in a message that I could not join."] : [];
  const comment = data.answer.type === "option" ? data.answer.comment : undefined;
  const said = comment === undefined ? [] : [quote(cut(`💬 ${shown(comment)}`, COMMENT_LENGTH))];
  const who = unlinked(oneLine(data.by.name ?? "somebody", 64));
  return FormattedString.join(
    [answer, ...said, ...note, FormattedString.join([`${who} · `, time(at, "dt")])],
    "\n",
  );
}

/** The label of a chosen option in at most `length` UTF-16 units; with its number if another label would look the same. */
export function chosenLabel(
  options: readonly Option[],
  { value, label }: Pick<Option, "value" | "label">,
  length: number,
): string {
  const shown = oneLine(label, length);
  const alike = options.filter((option) => oneLine(option.label, length) === shown);
  const number = options.findIndex((option) => option.value === value) + 1;
  return alike.length > 1 && number > 0 ? oneLine(`${number}. ${label}`, length) : shown;
}

/** A time that clients show in the reader's time zone; old clients show the text itself. */
export const time = (at: string, format: "r" | "dt"): FormattedString =>
  FormattedString.time(moment(at), Math.floor(Date.parse(at) / 1_000), format);

/** The labels in full, if buttons cannot show them, in at most `length` UTF-16 units. */
export function optionList(options: readonly Option[], length: number): FormattedString {
  const numbered = isNumbered(options);
  const labels = options.map(({ label }) => unlinked(oneLine(label, Infinity)));
  const isShort = [...labels, ...options.map(({ label }) => label)].every(
    ({ length }) => length <= SEEN_LENGTH,
  );
  if (!numbered && isShort) return new FormattedString("");
  const lines = share(labels, length).map((label, index) => `${numbered ? `${index + 1}. ` : "• "}${label}`);
  return new FormattedString(lines.join("\n"));
}

const metadataText = (metadata: CreatedEvent["data"]["metadata"]): string =>
  Object.entries(metadata ?? {})
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");

export function quote(text: string): FormattedString {
  if (text.trim() === "") return new FormattedString("(no visible text)");
  return heightOf(text) > FOLD_FROM
    ? FormattedString.expandableBlockquote(text)
    : FormattedString.blockquote(text);
}
