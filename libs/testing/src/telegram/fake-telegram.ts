import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Update, User } from "@grammyjs/types";
import { z } from "zod";
import { chatAs, Chats, person, type ShownMessage } from "./chats.ts";
import { type Fault, FaultList } from "./faults.ts";
import { type PressAnswer, Presses } from "./presses.ts";
import { Refused } from "./refused.ts";
import { readBody } from "./request-body.ts";
import { UpdateQueue } from "./update-queue.ts";
import { Webhook } from "./webhook.ts";

export { person } from "./chats.ts";

/** A call that a bot made. */
export interface RecordedCall {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const Polling = z.looseObject({
  offset: z.number().default(0),
  limit: z.number().default(100),
  timeout: z.number().default(0),
  allowed_updates: z.array(z.string()).optional(),
});
const Commands = z.looseObject({
  commands: z.array(z.object({ command: z.string(), description: z.string() })),
});

/**
 * A Bot API server for one bot, on a free port of this machine, with Telegram's own semantics for offsets, conflicts and
 * expiry, and with faults on demand. People act through its methods.
 */
export class FakeTelegram implements AsyncDisposable {
  readonly calls: RecordedCall[] = [];
  readonly chats: Chats;
  readonly faults = new FaultList();
  /** The commands that the bot offers. */
  commands: readonly { readonly command: string; readonly description: string }[] = [];
  /** What it accepts; a test may replace it, as @BotFather does. */
  token: string;
  /** Added to the clock, in milliseconds: jump over an expiry. */
  clockOffsetMs = 0;
  readonly #me: User;
  readonly #queue: UpdateQueue;
  readonly #webhook: Webhook;
  readonly #presses = new Presses(() => this.#now());
  readonly #server: Server;
  #allowed: readonly string[] | undefined;

  private constructor(token: string) {
    this.token = token;
    this.#me = { id: Number(token.split(":")[0]), is_bot: true, first_name: "Gate", username: "gate_bot" };
    this.chats = new Chats(this.#me);
    this.#queue = new UpdateQueue(() => this.#now());
    this.#webhook = new Webhook(this.#queue);
    this.#queue.onPush = () => this.#webhook.deliver();
    this.#server = createServer(
      (request, response) => void this.#serve(request, response).catch(() => response.destroy()),
    );
  }

  /** Starts a server that knows this one token: on a free port that only this machine reaches, unless told otherwise. */
  static async start(token: string, { host = "127.0.0.1", port = 0 } = {}): Promise<FakeTelegram> {
    const fake = new FakeTelegram(token);
    await new Promise<void>((resolve) => fake.#server.listen(port, host, resolve));
    return fake;
  }

  /** What to set as `TELEGRAM_API_ROOT`. */
  get apiRoot(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers to presses: what people were told. */
  get answers(): readonly PressAnswer[] {
    return this.#presses.answers;
  }

  /** How many polls were ended by another one, as when two processes poll one bot. */
  get conflicts(): number {
    return this.#queue.conflicts;
  }

  /** Updates that no call confirmed in time. */
  get expired(): readonly Update[] {
    return this.#queue.expired;
  }

  /** Updates that no call confirmed yet. */
  get held(): readonly Update[] {
    return this.#queue.held;
  }

  /** The messages in a chat as they stand now, oldest first. */
  messagesIn(chat: number): readonly ShownMessage[] {
    return this.chats.messages.filter((message) => message.chat === String(chat));
  }

  /** `who` presses a button: by its text, or by data of their own making. Returns the id that the answer will bear. */
  press(who: User, message: ShownMessage, button: string | { readonly data: string }): string {
    const found = message.buttons.flat().find(({ text }) => text === button);
    const data = typeof button === "string" ? found?.callback_data : button.data;
    if (data === undefined) throw new Error(`no such button on message ${message.id}`);
    return this.pressRaw({ from: who, data, message: this.chats.asMessage(message) });
  }

  /** Somebody presses a button: `press` is what Telegram tells of it besides its id, which is returned. */
  pressRaw(press: object): string {
    const id = this.#presses.take();
    this.#happen({ callback_query: { id, chat_instance: "1", ...press } });
    return id;
  }

  /** `who` writes into a chat; `extra` adds what Telegram would (`reply_to_message` by {@link reply}). */
  say(who: User, chat: number, text: string, extra: object = {}): void {
    this.#post(chat, { from: who, text, ...extra });
  }

  /** `who` replies to a message of the bot. */
  reply(who: User, message: ShownMessage, text: string, extra: object = {}): void {
    this.say(who, Number(message.chat), text, { reply_to_message: this.chats.asMessage(message), ...extra });
  }

  /** A group becomes a supergroup with another id: the old one refuses, and both say so. */
  migrate(from: number, to: number): void {
    const gone = "Bad Request: group chat was upgraded to a supergroup chat";
    this.chats.refusing.set(String(from), new Refused(400, gone, { migrate_to_chat_id: to }));
    this.#post(from, { migrate_to_chat_id: to });
    this.#post(to, { migrate_from_chat_id: from });
  }

  /** A person blocks the bot, or a group removes it. */
  shutOut(chat: number): void {
    const reason = chat < 0 ? "bot was kicked from the group chat" : "bot was blocked by the user";
    this.chats.refusing.set(String(chat), new Refused(403, `Forbidden: ${reason}`));
    this.#changeMembership(chat, "member", "kicked");
  }

  /** A person unblocks the bot, or a group takes it back. */
  letIn(chat: number): void {
    this.chats.refusing.delete(String(chat));
    this.#changeMembership(chat, "kicked", "member");
  }

  /**
   * Hands out an update as it is, also of a kind that the bot did not ask for: it may be older than the asking. A text is
   * the JSON of its members, which may nest deeper than a program can write.
   */
  push(update: Omit<Update, "update_id"> | string): void {
    if (typeof update === "string") this.#queue.pushMembers(update);
    else this.#queue.push(update);
  }

  /** Makes the next `times` calls of a method fail. */
  fail(method: string, fault: Fault, times = 1): void {
    this.faults.add(method, fault, times);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#webhook.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #changeMembership(chat: number, before: string, after: string): void {
    const member = (status: string) => ({ status, user: this.#me });
    this.#happen({
      my_chat_member: {
        chat: chatAs(chat),
        from: person(Math.abs(chat)),
        date: Math.floor(this.#now() / 1_000),
        old_chat_member: member(before),
        new_chat_member: member(after),
      },
    });
  }

  #post(chat: number, message: object): void {
    const message_id = this.chats.takeId(String(chat));
    this.#happen({
      message: { message_id, date: Math.floor(this.#now() / 1_000), chat: chatAs(chat), ...message },
    });
  }

  /** Telegram keeps no update of a kind that the bot did not ask for. */
  #happen(update: object): void {
    const isWanted = Object.keys(update).some((kind) => this.#allowed?.includes(kind) ?? true);
    if (isWanted) this.#queue.push(update);
  }

  #now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await readBody(request);
    const [, token, method = ""] = /^\/bot([^/]+)\/(\w+)/.exec(request.url ?? "") ?? [];
    if (token !== this.token) return refuse(response, new Refused(401, "Unauthorized"));
    this.calls.push({ method, payload });
    const fault = this.faults.take(method);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "slow") await pause(fault.ms);
    const isLost = fault?.kind === "reset_after";
    if (fault?.kind === "reset_before" || (isLost && method === "getUpdates")) return void response.destroy();
    if (fault?.kind === "html")
      return void response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad Gateway</html>");
    if (fault?.kind === "refuse")
      return refuse(response, new Refused(fault.code, fault.description, fault.parameters));
    if (method === "getUpdates") return this.#poll(payload, response);
    try {
      const result = this.#handle(method, payload);
      if (isLost) response.destroy();
      else send(response, 200, { ok: true, result });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(response, error);
    }
  }

  #poll(payload: unknown, response: ServerResponse): void {
    if (this.#webhook.isSet) {
      const conflict =
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
      return refuse(response, new Refused(409, conflict));
    }
    const { offset, limit, timeout, allowed_updates } = Polling.parse(payload);
    this.#allowed = allowed_updates ?? this.#allowed;
    const leave = this.#queue.receive(
      { offset, limit, timeoutMs: Math.min(timeout, 50) * 1_000 },
      (updates) => sendText(response, 200, `{"ok":true,"result":[${updates.join()}]}`),
      () =>
        refuse(
          response,
          new Refused(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
          ),
        ),
    );
    response.on("close", leave);
  }

  #handle(method: string, payload: unknown): unknown {
    switch (method) {
      case "getMe":
        return {
          ...this.#me,
          can_join_groups: true,
          can_read_all_group_messages: false,
          supports_inline_queries: false,
        };
      case "sendMessage":
      case "sendDocument":
        return this.chats.send(payload);
      case "editMessageText":
        return this.chats.edit(payload);
      case "getChat":
        return this.chats.describe(payload);
      case "sendChatAction":
        return this.chats.act(payload);
      case "answerCallbackQuery":
        return this.#presses.answer(payload);
      case "setMyCommands":
        this.commands = Commands.parse(payload).commands;
        return true;
      case "setWebhook":
        this.#allowed = this.#webhook.set(payload) ?? this.#allowed;
        return true;
      case "deleteWebhook":
        return this.#webhook.delete(payload);
      case "getWebhookInfo":
        return this.#webhook.info();
      default:
        throw new Refused(404, "Not Found");
    }
  }
}

function refuse(response: ServerResponse, { code, message, parameters }: Refused): void {
  send(response, code, {
    ok: false,
    error_code: code,
    description: message,
    ...(parameters === undefined ? {} : { parameters }),
  });
}

const send = (response: ServerResponse, status: number, body: unknown) =>
  sendText(response, status, JSON.stringify(body));

const sendText = (response: ServerResponse, status: number, json: string) =>
  response.writeHead(status, { "content-type": "application/json" }).end(json);
