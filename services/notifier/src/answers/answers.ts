import type { Attempt } from "@loopgate/domain";
import type {
  AnswerMessage,
  AnswerOutcome,
  AnswerRecorder,
  Channel,
  Notice,
  RequestLog,
} from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Copies, TaggedRef } from "../delivery/copies.ts";
import type { CloseOnInteraction } from "./close-on-interaction.ts";
import type { Comments } from "./comments.ts";
import type { LongTexts } from "./long-texts.ts";

interface AnswersOptions {
  readonly channel: Channel;
  readonly recorder: AnswerRecorder;
  readonly requests: RequestLog;
  readonly copies: Copies;
  readonly comments: Comments;
  readonly longTexts: LongTexts;
  readonly closeOnInteraction: CloseOnInteraction;
  readonly logger: Logger;
}

type Outcome =
  | Exclude<AnswerOutcome, { readonly kind: "rejected" | "wait" }>
  | Extract<Notice, { readonly kind: "rejected" }>
  /** Handle the message again then: the request ends in a moment, or the rest of a long text may still come. */
  | { readonly kind: "wait"; readonly forMs: number };

interface Said {
  readonly kind: "said";
  readonly choice: Attempt["choice"];
  readonly comment?: string;
}

/** Answers that people sent through a channel. */
export class Answers {
  readonly #channel: Channel;
  readonly #recorder: AnswerRecorder;
  readonly #requests: RequestLog;
  readonly #copies: Copies;
  readonly #comments: Comments;
  readonly #longTexts: LongTexts;
  readonly #closeOnInteraction: CloseOnInteraction;
  readonly #logger: Logger;

  constructor(options: AnswersOptions) {
    this.#channel = options.channel;
    this.#recorder = options.recorder;
    this.#requests = options.requests;
    this.#copies = options.copies;
    this.#comments = options.comments;
    this.#longTexts = options.longTexts;
    this.#closeOnInteraction = options.closeOnInteraction;
    this.#logger = options.logger;
  }

  /** Records an answer, and closes the copy that was answered. @throws Unavailable */
  async handle(message: AnswerMessage): Promise<Outcome> {
    const request = await this.#questionOf(message);
    if (request === undefined) return { kind: "rejected", reason: "unknown_message" };
    const said = await this.#saidIn(message, request);
    if (said.kind !== "said") return said;
    const outcome = await this.#record(message, request, said);
    if (outcome.created !== undefined && isOnCopy(message))
      await this.#closeOnInteraction.handle(message, {
        created: outcome.created,
        isFresh: outcome.kind === "recorded",
        decidedAt: "decision" in outcome ? outcome.decision.seq : undefined,
      });
    return this.#withComment(message, said, outcome);
  }

  /** What a person chose or typed: with the comment that a button names, or all parts of a long text. */
  async #saidIn({ choice, ...message }: AnswerMessage, request: TaggedRef): Promise<Said | Outcome> {
    if ("text" in choice) {
      if (choice.mayContinue !== true) return { kind: "said", choice };
      // A wait beyond the end would lose an answer that came in time.
      const end = (await this.#requests.created(request))?.event.data.expires_at ?? message.storedAt;
      const whole = await this.#longTexts.whole(message, choice, new Date(end));
      return whole.kind === "wait" ? whole : { kind: "said", choice: whole };
    }
    const { option, comment: key } = choice;
    if (key === undefined) return { kind: "said", choice: { option } };
    const comment = await this.#comments.find(key, message.responder, request);
    return comment.kind === "rejected"
      ? comment
      : { kind: "said", choice: { option }, comment: comment.text };
  }

  /** Text for a question with buttons is kept, for the buttons that the channel shows with it. */
  async #withComment(message: AnswerMessage, { choice }: Said, outcome: AnswerOutcome): Promise<Outcome> {
    if (outcome.kind !== "rejected" || outcome.reason !== "buttons_only") return outcome;
    const { created } = outcome;
    if (created === undefined || !("text" in choice) || choice.text.trim() === "") return outcome;
    await this.#comments.keep(message, choice.text, created);
    return { ...outcome, comment: choice.text };
  }

  async #record(
    message: AnswerMessage,
    request: TaggedRef,
    { choice, comment }: Said,
  ): Promise<AnswerOutcome> {
    const { name: channel } = this.#channel;
    const places = await this.#channel.aliasesOf(message.endpoint);
    const outcome = await this.#recorder.record({
      ...message,
      principals: [message.responder],
      request,
      channel,
      comment,
      choice,
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
