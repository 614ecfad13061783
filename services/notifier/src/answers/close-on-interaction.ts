import { type CreatedEvent, refOf, tagOf } from "@loopgate/contracts";
import { type Copy, copiesOf, decisionOf } from "@loopgate/domain";
import type { Channel, ChannelSender, RequestLog } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Copies } from "../delivery/copies.ts";

interface CloseOnInteractionOptions {
  readonly channel: Channel;
  readonly sender: ChannelSender;
  readonly requests: RequestLog;
  readonly copies: Copies;
  readonly logger: Logger;
}

/** What an interaction has shown about its question. */
interface Shown {
  readonly created: CreatedEvent;
  /** True if this interaction made the decision, so that the copy closer is about to run. */
  readonly isFresh: boolean;
  /** The sequence of the decision, if the interaction has returned it. */
  readonly decidedAt: number | undefined;
}

/**
 * Closes the message by which a person interacted with a decided question, whoever the person is (I8). The answer's own
 * outcome never depends on it: after a failure the next interaction tries again.
 */
export class CloseOnInteraction {
  readonly #channel: Channel;
  readonly #sender: ChannelSender;
  readonly #requests: RequestLog;
  readonly #copies: Copies;
  readonly #logger: Logger;

  constructor({ channel, sender, requests, copies, logger }: CloseOnInteractionOptions) {
    this.#channel = channel;
    this.#sender = sender;
    this.#requests = requests;
    this.#copies = copies;
    this.#logger = logger;
  }

  async handle({ endpoint, copy }: Copy, shown: Shown): Promise<void> {
    try {
      await this.#close({ endpoint, copy }, shown);
    } catch (error) {
      this.#warn(shown.created, error);
    }
  }

  async #close(copy: Copy, { created, isFresh, decidedAt }: Shown): Promise<void> {
    const set = await this.#requests.read(refOf(created), decidedAt);
    const decision = decisionOf(set)?.event;
    if (decision === undefined) return;
    const isRecorded = copiesOf(set).some((one) => this.#isSame(one, copy));
    if (!isRecorded) return this.#recordForCloser(copy, created);
    if (isFresh) return;
    this.#sender.closeCopy(copy, created, decision).catch((error: unknown) => this.#warn(created, error));
  }

  #isSame(recorded: Copy, { endpoint, copy }: Copy): boolean {
    return recorded.copy === copy && this.#channel.placeOf(recorded.endpoint) === endpoint;
  }

  /**
   * Records a copy that only the provider knew of, so that the copy closer closes it like any other. A modified client can
   * send this question's button from another question's message: that message is left alone.
   */
  async #recordForCloser(copy: Copy, created: CreatedEvent): Promise<void> {
    const shown = await this.#copies.questionShownBy(copy);
    if (shown !== undefined && shown.tag !== tagOf(created)) return;
    await this.#copies.record(created, copy);
  }

  #warn(created: CreatedEvent, error: unknown): void {
    this.#logger.warn({ ...requestFields(created), err: error }, "a copy could not be closed");
  }
}
