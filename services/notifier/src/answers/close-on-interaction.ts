import { creationTag, type CreatedEvent } from "@loopgate/contracts";
import type { RequestLog } from "@loopgate/bus";
import { type Copy, copiesOf, decisionOf, fold } from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import type { Api } from "grammy";
import { closeCopy } from "../channels/telegram/close-copy.ts";
import { type CopyParts, recordCopy, requestShownBy } from "../delivery/copies.ts";
import { chatOf } from "../channels/telegram/moved-chats.ts";
import type { ChatQueue } from "../channels/telegram/api/chat-queue.ts";

export interface CloseOnInteractionParts extends CopyParts {
  readonly api: Api;
  readonly queue: ChatQueue;
  readonly requests: RequestLog;
}

/** A message in one of the question's chats that was pressed or replied to. */
export interface Interaction extends Copy {
  /** The decision fell by it, so that the closer is about to come. */
  readonly isFresh: boolean;
  /** The sequence of the decision, as far as the touch has told. */
  readonly decidedAt: number | undefined;
}

/**
 * Any touch of a decided question closes the message that was touched, whoever touched it (I8). The answer's own fate
 * never hangs on it: what fails here is left to the next touch.
 */
export async function closeOnInteraction(
  parts: CloseOnInteractionParts,
  touch: Interaction,
  created: CreatedEvent,
): Promise<void> {
  try {
    await close(parts, touch, created);
  } catch (error) {
    warn(parts, created, error);
  }
}

async function close(
  parts: CloseOnInteractionParts,
  { endpoint, copy, isFresh, decidedAt }: Interaction,
  created: CreatedEvent,
): Promise<void> {
  const { tenant, subject: id } = created;
  const set = fold(await parts.requests.read({ tenant, id }, decidedAt));
  const decision = decisionOf(set)?.event;
  if (decision === undefined) return;
  if (!copiesOf(set).some((one) => chatOf(one.endpoint) === endpoint && one.copy === copy)) {
    await recordForCloser(parts, { endpoint, copy }, created);
  } else if (!isFresh) {
    closeCopy(parts, { endpoint, copy }, created, decision).catch((error: unknown) =>
      warn(parts, created, error),
    );
  }
}

/**
 * A copy that only Telegram knew of becomes a recorded one, so that the closer closes it as surely as any other. A changed
 * client can send this question's data from another question's message: that one is left alone.
 */
async function recordForCloser(
  parts: CloseOnInteractionParts,
  copy: Copy,
  created: CreatedEvent,
): Promise<void> {
  const shown = await requestShownBy(parts.copies, copy);
  if (shown !== undefined && shown.tag !== creationTag(created.subject, created.time)) return;
  await recordCopy(parts, created, copy);
}

function warn({ logger }: CloseOnInteractionParts, created: CreatedEvent, error: unknown): void {
  logger.warn({ ...requestFields(created), err: error }, "a touched copy could not be closed");
}
