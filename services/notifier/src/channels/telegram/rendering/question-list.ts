import type { RequestDetails } from "@loopgate/contracts";
import { FormattedString } from "@grammyjs/parse-mode";
import { askerOf, type MessageText, kindOf, shortId, time } from "./question.ts";
import { oneLine, unlinked } from "./text.ts";

/** At most this many questions are shown; the rest is counted. */
const MAX_SHOWN = 10;
const MESSAGE_LENGTH = 100;

/** Questions in a few lines each. A tap on a short id finds the question's own message, which shows it too. */
export function questionList(
  title: string | FormattedString,
  questions: readonly RequestDetails[],
): MessageText {
  const items = questions.slice(0, MAX_SHOWN).map(itemOf);
  const more = questions.length - items.length;
  const parts = [title, ...items, ...(more > 0 ? [`… and ${more} more.`] : [])];
  const { text, entities } = FormattedString.join(parts, "\n\n");
  return { text, entities };
}

function itemOf({ view, options, key_id }: RequestDetails): FormattedString {
  const title = FormattedString.bold(`${kindOf(options)} · ${shortId(view.request_id)}`);
  const asker = askerOf({ client_id: view.client_id, key_id });
  const asks = `${asker}: ${unlinked(oneLine(view.message, MESSAGE_LENGTH))}`;
  return FormattedString.join(
    [title, asks, FormattedString.join(["⏳ Expires ", time(view.expires_at, "r")])],
    "\n",
  );
}
