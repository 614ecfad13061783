import type {
  AnswerMessage,
  AnswerOutcome,
  AnswerRecorder,
  Channel,
  RejectionReason,
} from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Copies, TaggedRef } from "../delivery/copies.ts";
import type { CloseOnInteraction } from "./close-on-interaction.ts";
import type { CommentResult, Comments } from "./comments.ts";

interface AnswersOptions {
  readonly channel: Channel;
  readonly recorder: AnswerRecorder;
  readonly copies: Copies;
  readonly comments: Comments;
  readonly closeOnInteraction: CloseOnInteraction;
  readonly logger: Logger;
}

type Outcome = AnswerOutcome | { readonly kind: "rejected"; readonly reason: RejectionReason };

/** Answers that people sent through a channel. */
export class Answers {
  readonly #channel: Channel;
  readonly #recorder: AnswerRecorder;
  readonly #copies: Copies;
  readonly #comments: Comments;
  readonly #closeOnInteraction: CloseOnInteraction;
  readonly #logger: Logger;

  constructor({ channel, recorder, copies, comments, closeOnInteraction, logger }: AnswersOptions) {
    this.#channel = channel;
    this.#recorder = recorder;
    this.#copies = copies;
    this.#comments = comments;
    this.#closeOnInteraction = closeOnInteraction;
    this.#logger = logger;
  }

  /** Records an answer, and closes the copy that was answered. @throws Unavailable */
  async handle(message: AnswerMessage): Promise<Outcome> {
    const request = await this.#questionOf(message);
    if (request === undefined) return { kind: "rejected", reason: "unknown_message" };
    const comment = await this.#commentIn(message);
    if (comment?.kind === "rejected") return comment;
    const outcome = await this.#record(message, request, comment?.text);
    await this.#keepComment(message, outcome);
    if (outcome.created !== undefined && isOnCopy(message))
      await this.#closeOnInteraction.handle(message, {
        created: outcome.created,
        isFresh: outcome.kind === "recorded",
        decidedAt: "decision" in outcome ? outcome.decision.seq : undefined,
      });
    return outcome;
  }

  /** The comment that a button names, if it names one. */
  async #commentIn({ choice, responder }: AnswerMessage): Promise<CommentResult | undefined> {
    if ("text" in choice || choice.comment === undefined) return undefined;
    return this.#comments.find(choice.comment, responder, choice.request);
  }

  /** Text for a question with buttons is kept, for the buttons that the channel shows with it. */
  async #keepComment(message: AnswerMessage, outcome: AnswerOutcome): Promise<void> {
    if (outcome.kind !== "rejected" || outcome.reason !== "buttons_only") return;
    if (outcome.created === undefined || !("text" in message.choice)) return;
    await this.#comments.keep(message, message.choice.text, outcome.created);
  }

  async #record(
    { choice, ...message }: AnswerMessage,
    request: TaggedRef,
    comment: string | undefined,
  ): Promise<AnswerOutcome> {
    const { name: channel } = this.#channel;
    const places = await this.#channel.aliasesOf(message.endpoint);
    const outcome = await this.#recorder.record({
      ...message,
      request,
      channel,
      comment,
      choice: "text" in choice ? { text: choice.text } : { option: choice.option },
      endpoints: places,
      isAt: (endpoint) => places.includes(this.#channel.placeOf(endpoint)),
    });
    if (outcome.kind === "recorded") {
      const fields = requestFields(outcome.decision.event);
      this.#logger.info({ ...fields, update: message.key }, "a person answered");
    }
    return outcome;
  }

  async #questionOf({ choice, endpoint, copy }: AnswerMessage): Promise<TaggedRef | undefined> {
    return choice.request ?? this.#copies.questionShownBy({ endpoint, copy });
  }
}

/** False for an answer to a message that repeats a comment: that is no copy of the question. */
const isOnCopy = ({ choice }: AnswerMessage): boolean =>
  "text" in choice ? choice.request === undefined : choice.comment === undefined;
