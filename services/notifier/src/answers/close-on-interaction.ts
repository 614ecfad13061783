import { type CreatedEvent, refOf, tagOf } from "@loopgate/contracts";
import { type Copy, copiesOf, decisionOf } from "@loopgate/domain";
import type { Channel, ChannelSender, RequestLog } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Copies } from "../delivery/copies.ts";
import type { CopyClosings } from "../delivery/copy-closings.ts";

interface CloseOnInteractionOptions {
  readonly channel: Channel;
  readonly sender: ChannelSender;
  readonly requests: RequestLog;
  readonly copies: Copies;
  readonly closings: CopyClosings;
  readonly logger: Logger;
}

/** What recording the answer has shown about its question. */
interface Finding {
  readonly created: CreatedEvent;
  /** True if this answer is the decision: the copy closer is about to close the copies. */
  readonly isFresh: boolean;
  /** The sequence of the decision, if it is known. */
  readonly decidedAt: number | undefined;
}

/**
 * Closes the copy by which a person interacted with a decided question, even a person who may not answer (I8). The
 * outcome of the answer never depends on it: after a failure, the next interaction tries again.
 */
export class CloseOnInteraction {
  readonly #channel: Channel;
  readonly #sender: ChannelSender;
  readonly #requests: RequestLog;
  readonly #copies: Copies;
  readonly #closings: CopyClosings;
  readonly #logger: Logger;

  constructor({ channel, sender, requests, copies, closings, logger }: CloseOnInteractionOptions) {
    this.#channel = channel;
    this.#sender = sender;
    this.#requests = requests;
    this.#copies = copies;
    this.#closings = closings;
    this.#logger = logger;
  }

  async handle({ endpoint, copy }: Copy, finding: Finding): Promise<void> {
    try {
      await this.#close({ endpoint, copy }, finding);
    } catch (error) {
      this.#warn(finding.created, error);
    }
  }

  async #close(copy: Copy, { created, isFresh, decidedAt }: Finding): Promise<void> {
    const set = await this.#requests.read(refOf(created), decidedAt);
    const decision = decisionOf(set)?.event;
    if (decision === undefined) return;
    const isRecorded = copiesOf(set).some((one) => this.#isSame(one, copy));
    if (!isRecorded) return this.#recordForCloser(copy, created);
    if (isFresh) return;
    this.#closings
      .close(this.#sender, copy, { created, decided: decision })
      .catch((error: unknown) => this.#warn(created, error));
  }

  #isSame(recorded: Copy, { endpoint, copy }: Copy): boolean {
    return recorded.copy === copy && this.#channel.placeOf(recorded.endpoint) === endpoint;
  }

  /**
   * Records a copy that only the provider knew of: then the copy closer closes it. A modified client can send this
   * question's button from another question's message: that message is left alone.
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
