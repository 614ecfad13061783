import { type CreatedEvent, type DecidedEvent, type LogEntry, refOf } from "@loopgate/contracts";
import { createdOf, decisionOf, expiry, type RequestSet } from "@loopgate/domain";
import type { RequestLog } from "@loopgate/requests";
import { telegramEndpoint, telegramResponder } from "@loopgate/settings/telegram";
import { aCancellation, aQuestion, type QuestionOptions } from "@loopgate/testing/builders";
import type { FakeTelegram, ShownMessage } from "@loopgate/testing";
import { expect } from "vitest";
import { bot, secretMessage } from "./secrets.ts";

export interface AskOptions extends Pick<
  QuestionOptions,
  "id" | "client" | "keyId" | "clientHash" | "message" | "options" | "metadata" | "timeoutMs" | "session"
> {
  /** Where the question is asked: a chat, who may answer there, and the topic in it, if any. */
  readonly chats?: readonly (readonly [chat: number, people: readonly number[], thread?: number])[];
}

/** What agents ask, what becomes of it, and what people see of it. */
export abstract class Conversations {
  abstract readonly requests: RequestLog;
  abstract readonly telegram: FakeTelegram;

  /** Puts a question into the log, as a gateway would. */
  async ask({ chats = [[7, [7]]], ...options }: AskOptions = {}): Promise<LogEntry<CreatedEvent>> {
    const recipients = chats.map(([chat, people, thread]) => ({
      channel: "telegram",
      endpoint: telegramEndpoint({
        bot,
        chat: String(chat),
        ...(thread === undefined ? {} : { thread: String(thread) }),
      }),
      responders: people.map(telegramResponder),
    }));
    const defaults = { client: "deploy-bot", message: secretMessage, timeoutMs: 600_000 };
    const question = aQuestion({ ...defaults, ...options, recipients });
    await this.requests.submit(question);
    return (await this.requests.created(refOf(question)))!;
  }

  async cancel({ event }: LogEntry<CreatedEvent>, reason = "no longer needed"): Promise<void> {
    await this.requests.decide(refOf(event), () => ({ decide: aCancellation(event, reason) }));
  }

  /** Ends a question whose time is over, as `state` would. */
  async expire({ event }: LogEntry<CreatedEvent>): Promise<void> {
    await this.requests.decide(refOf(event), () => ({ decide: expiry(event, new Date()) }));
  }

  /** What the log holds of a question now. */
  set({ event }: LogEntry<CreatedEvent>): Promise<RequestSet> {
    return this.requests.read(refOf(event));
  }

  async decision(created: LogEntry<CreatedEvent>): Promise<DecidedEvent["data"] | undefined> {
    const set = await this.set(created);
    expect(createdOf(set)).toBeDefined();
    return decisionOf(set)?.event.data;
  }

  /** The decision, once there is one. */
  async decided(created: LogEntry<CreatedEvent>): Promise<DecidedEvent["data"]> {
    await expect.poll(() => this.decision(created)).toBeDefined();
    return (await this.decision(created))!;
  }

  /** The n-th message in a chat, once it is there. */
  async message(chat = 7, n = 0): Promise<ShownMessage> {
    await expect.poll(() => this.telegram.messagesIn(chat).length).toBeGreaterThan(n);
    return this.telegram.messagesIn(chat)[n]!;
  }

  /** What a person was told about a press. */
  async told(query: string): Promise<string> {
    const find = () => this.telegram.answers.find((answer) => answer.query === query);
    await expect.poll(find).toBeDefined();
    return find()!.text;
  }
}
