import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeTelegram, type ShownMessage } from "@loopgate/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { daemonsIn, killDaemonsIn, StdioProxy, type StdioProxyOptions } from "./stdio-proxy.ts";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "./loopgate.ts";
import { botToken, expectNoSecrets } from "./secret-scan.ts";

/** A data directory and a Telegram for each test of a file; all processes of a test end with it. */
export class StdioSetting {
  telegram!: FakeTelegram;
  directory = "";
  #parts = new AsyncDisposableStack();
  /** Disposed of first: a proxy that loses its daemon starts another one. */
  #proxies = new AsyncDisposableStack();

  static use(): StdioSetting {
    const setting = new StdioSetting();
    beforeEach(async () => {
      setting.#parts = new AsyncDisposableStack();
      setting.#proxies = new AsyncDisposableStack();
      setting.telegram = setting.#parts.use(await FakeTelegram.start(botToken));
      setting.directory = setting.#parts.use(await temporaryDirectory()).path;
    });
    afterEach(async () => {
      await setting.#proxies.disposeAsync();
      killDaemonsIn(setting.directory);
      await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
      expectNoSecrets(await setting.log());
      await setting.#parts.disposeAsync();
    });
    return setting;
  }

  /** The data directory of the tests' bot. */
  get dataDirectory(): string {
    return join(this.directory, botToken.split(":")[0]!);
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      HOME: this.directory,
      PATH: "/nowhere",
      LOOPGATE_DATA_DIR: this.directory,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_CHAT_ID: "7",
      TELEGRAM_API_ROOT: this.telegram.apiRoot,
      ...more,
    };
  }

  proxy(more: Readonly<Record<string, string>> = {}, options: Partial<StdioProxyOptions> = {}): StdioProxy {
    return this.#proxies.use(new StdioProxy({ environment: this.environment(more), ...options }));
  }

  async serve(environment: Readonly<Record<string, string>> = {}): Promise<RunningLoopgate> {
    const { directory, telegram } = this;
    return this.#parts.use(await startLoopgate({ directory, apiRoot: telegram.apiRoot, environment }));
  }

  /** The process id of the daemon, once exactly one runs. */
  async daemon(): Promise<number> {
    await expect.poll(() => daemonsIn(this.directory).length).toBe(1);
    return daemonsIn(this.directory)[0]!;
  }

  /** The log of the daemons. */
  async log(): Promise<string> {
    return readFile(join(this.dataDirectory, "daemon.log"), "utf8").catch(() => "");
  }

  /** The messages with this text. */
  messagesWith(text: string, chat = 7): readonly ShownMessage[] {
    return this.telegram.messagesIn(chat).filter((message) => message.text.includes(text));
  }

  /** The message with this text, once it is in the chat. */
  async messageWith(text: string, chat = 7): Promise<ShownMessage> {
    await expect.poll(() => this.messagesWith(text, chat).length).toBeGreaterThan(0);
    return this.messagesWith(text, chat)[0]!;
  }
}
