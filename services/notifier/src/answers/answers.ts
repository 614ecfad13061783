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

interface AnswersOptions {
  readonly channel: Channel;
  readonly recorder: AnswerRecorder;
  readonly copies: Copies;
  readonly closeOnInteraction: CloseOnInteraction;
  readonly logger: Logger;
}

type Outcome = AnswerOutcome | { readonly kind: "rejected"; readonly reason: RejectionReason };

/** Answers that people sent through a channel. */
export class Answers {
  readonly #channel: Channel;
  readonly #recorder: AnswerRecorder;
  readonly #copies: Copies;
  readonly #closeOnInteraction: CloseOnInteraction;
  readonly #logger: Logger;

  constructor({ channel, recorder, copies, closeOnInteraction, logger }: AnswersOptions) {
    this.#channel = channel;
    this.#recorder = recorder;
    this.#copies = copies;
    this.#closeOnInteraction = closeOnInteraction;
    this.#logger = logger;
  }

  /** Records an answer, and closes the copy that was answered. @throws Unavailable */
  async handle(message: AnswerMessage): Promise<Outcome> {
    const request = await this.#questionOf(message);
    if (request === undefined) return { kind: "rejected", reason: "unknown_message" };
    const outcome = await this.#record(message, request);
    if (outcome.created !== undefined)
      await this.#closeOnInteraction.handle(message, {
        created: outcome.created,
        isFresh: outcome.kind === "recorded",
        decidedAt: "decision" in outcome ? outcome.decision.seq : undefined,
      });
    return outcome;
  }

  async #record({ choice, ...message }: AnswerMessage, request: TaggedRef): Promise<AnswerOutcome> {
    const { name: channel } = this.#channel;
    const places = await this.#channel.aliasesOf(message.endpoint);
    const outcome = await this.#recorder.record({
      ...message,
      request,
      channel,
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

  /** A button names its question; typed text is matched by the copy that it replies to. */
  async #questionOf({ choice, endpoint, copy }: AnswerMessage): Promise<TaggedRef | undefined> {
    return "text" in choice ? this.#copies.questionShownBy({ endpoint, copy }) : choice.request;
  }
}
