import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import type { CallFailure, CallResult, ChannelSender, Outage } from "@loopgate/requests";
import { parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { FormattedString } from "@grammyjs/parse-mode";
import type { Failure } from "./api/api-outcome.ts";
import type { TelegramResult } from "./api/chat-queue.ts";
import { closeCopy } from "./close-copy.ts";
import { isLong, time } from "./rendering/question.ts";
import { questionList } from "./rendering/question-list.ts";
import { sendFile } from "./send-file.ts";
import { sendQuestion } from "./send-question.ts";
import type { TelegramCalls } from "./telegram-calls.ts";

/** Shows questions in chats. */
export class TelegramSender implements ChannelSender {
  readonly #calls: TelegramCalls;

  constructor(calls: TelegramCalls) {
    this.#calls = calls;
  }

  async sendQuestion(
    created: CreatedEvent,
    endpoint: string,
    record: (copy: Copy) => Promise<void>,
  ): Promise<CallResult<Copy>> {
    return resultOf(await sendQuestion(this.#calls, { created, endpoint }, record));
  }

  /** A question that a message cannot hold is sent in full as a file. */
  async sendRest(copy: Copy, created: CreatedEvent): Promise<CallResult<unknown>> {
    if (!isLong(created)) return { kind: "ok", result: undefined };
    return resultOf(await sendFile(this.#calls, copy, created));
  }

  async closeCopy(copy: Copy, created: CreatedEvent, decided: DecidedEvent): Promise<CallResult<void>> {
    return resultOf(await closeCopy(this.#calls, copy, { created, decided }));
  }

  async sendOutageNotice(endpoint: string, { from, to, questions }: Outage): Promise<CallResult<unknown>> {
    const { chat = "", thread } = parseTelegramEndpoint(endpoint) ?? {};
    const { text, entities } = questionList(offlineFrom(from, to), questions);
    const options = {
      entities,
      link_preview_options: { is_disabled: true },
      ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
    };
    const { api, queue } = this.#calls;
    return resultOf(await queue.call(chat, "send", () => api.sendMessage(chat, text, options)));
  }

  retryHintMs(endpoint: string, ahead: number): number {
    return this.#calls.queue.retryHintMs(parseTelegramEndpoint(endpoint)?.chat ?? "", ahead);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#calls.queue[Symbol.asyncDispose]();
  }
}

/** Telegram drops a press after 150 s. */
const offlineFrom = (from: string, to: string): FormattedString =>
  FormattedString.join([
    "📴 I was offline from ",
    time(from, "dt"),
    " to ",
    time(to, "dt"),
    ". If you answered meanwhile and a question's message has not changed, please answer again. Still open here:",
  ]);

const resultOf = <Result>(result: TelegramResult<Result>): CallResult<Result> =>
  result.kind === "ok" ? result : { kind: "failed", failure: failureFor(result.failure) };

/** A `moved` that no remedy has mended means that the call can never succeed. */
const failureFor = (failure: Failure): CallFailure =>
  failure.kind === "moved" ? { kind: "permanent", reason: "chat_moved" } : failure;
