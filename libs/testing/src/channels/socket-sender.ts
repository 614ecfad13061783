import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import type { CallResult, ChannelSender, Outage } from "@loopgate/requests";
import { randomUUID } from "node:crypto";
import { type Shown, socketButton } from "./socket-lines.ts";

/** How soon to try again at a place where no one is connected, in milliseconds. */
export const RETRY_MS = 100;

type Show = (endpoint: string, line: Shown) => Promise<CallResult<void>>;

/** Shows questions at places, one at a time at each. */
export class SocketSender implements ChannelSender {
  readonly #show: Show;
  /** The last send of each place. */
  readonly #sends = new Map<string, Promise<unknown>>();

  constructor(show: Show) {
    this.#show = show;
  }

  async sendQuestion(
    created: CreatedEvent,
    endpoint: string,
    record: (copy: Copy) => Promise<void>,
  ): Promise<CallResult<Copy>> {
    const before = this.#sends.get(endpoint);
    const sending = Promise.resolve(before).then(async (): Promise<CallResult<Copy>> => {
      const copy = { endpoint, copy: randomUUID() };
      const shown = await this.#show(endpoint, questionOf(created, copy));
      if (shown.kind === "failed") return shown;
      await record(copy);
      return { kind: "ok", result: copy };
    });
    this.#sends.set(
      endpoint,
      sending.catch(() => undefined),
    );
    return sending;
  }

  /** A line holds a question of any length. */
  async sendRest(): Promise<CallResult<void>> {
    return { kind: "ok", result: undefined };
  }

  closeCopy({ endpoint, copy }: Copy, _: CreatedEvent, { data }: DecidedEvent): Promise<CallResult<void>> {
    return this.#show(endpoint, { closed: data.kind, copy });
  }

  sendOutageNotice(endpoint: string, { from, to, questions }: Outage): Promise<CallResult<void>> {
    return this.#show(endpoint, { notice: `offline from ${from} to ${to}, ${questions.length} open` });
  }

  retryHintMs(_: string, ahead: number): number {
    return ahead * RETRY_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sends.values());
  }
}

const questionOf = (created: CreatedEvent, { copy }: Copy): Shown => ({
  question: created.data.prompt.message,
  copy,
  options: Object.fromEntries(
    created.data.prompt.options.map(({ label }, index) => [label, socketButton(created, index)]),
  ),
});
