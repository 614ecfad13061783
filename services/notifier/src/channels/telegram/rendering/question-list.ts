import type { RequestDetails } from "@loopgate/contracts";
import { FormattedString } from "@grammyjs/parse-mode";
import { type MessageText, kindOf, shortId, time } from "./question.ts";
import { oneLine, unlinked } from "./text.ts";

/** So many are shown; the rest is counted. */
const MOST = 10;
const MESSAGE_LENGTH = 100;

/** Questions in a few lines each. Their short ids stand in their messages, too: at a tap Telegram searches for them. */
export function questionList(
  title: string | FormattedString,
  questions: readonly RequestDetails[],
): MessageText {
  const items = questions.slice(0, MOST).map(itemOf);
  const more = questions.length - items.length;
  const parts = [title, ...items, ...(more > 0 ? [`… and ${more} more.`] : [])];
  const { text, entities } = FormattedString.join(parts, "\n\n");
  return { text, entities };
}

function itemOf({ view, options }: RequestDetails): FormattedString {
  const title = FormattedString.bold(`${kindOf(options)} · ${shortId(view.request_id)}`);
  const asks = `${unlinked(oneLine(view.client_id, 64))}: ${unlinked(oneLine(view.message, MESSAGE_LENGTH))}`;
  return FormattedString.join(
    [title, asks, FormattedString.join(["⏳ Expires ", time(view.expires_at, "r")])],
    "\n",
  );
}
